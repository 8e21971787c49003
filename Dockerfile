# Built with `docker build -t breakwater .`; run with a configuration mounted:
#   docker run -p 8080:8080 -v ./gateway.yaml:/etc/breakwater/gateway.yaml:ro breakwater
# Metrics and health are open on port 9090 of the container; administration needs `management.token`.
ARG BASE=node:26-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings its own Node: the pinned one of devDependencies is for machines that do not.
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
RUN node node_modules/@nestjs/cli/bin/nest.js build && npm prune --omit=dev --ignore-scripts

FROM ${BASE}
ENV NODE_ENV=production GATEWAY_CONFIG=/etc/breakwater/gateway.yaml MANAGEMENT_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# By number, so that Kubernetes can tell that it is not root.
USER 65534:65534
EXPOSE 8080 9090
# Exec form: the gateway is process 1 and gets the signals itself.
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["start"]
HEALTHCHECK --start-period=10s --timeout=5s CMD ["node", "dist/cli.js", "health"]
