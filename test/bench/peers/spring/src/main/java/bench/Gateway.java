package bench;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;

/** Spring Cloud Gateway on WebFlux with one route, which SPRING_APPLICATION_JSON describes. */
@SpringBootApplication
public class Gateway {
  public static void main(String[] args) {
    SpringApplication application = new SpringApplication(Gateway.class);
    application.setBannerMode(Banner.Mode.OFF);
    application.run(args);
  }

  @EventListener
  public void onListening(WebServerInitializedEvent event) {
    System.out.println("{\"port\":" + event.getWebServer().getPort() + "}");
  }
}
