# Built with `docker build -t breakwater .`, run with a configuration mounted: see docs/deploy.md.
ARG BASE=node:26-bookworm-slim

# On the platform of the builder: what it makes is JavaScript, which is the same for all.
FROM --platform=$BUILDPLATFORM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings its own Node: the pinned one of devDependencies is for machines that do not.
# A registry of your own is named by a secret, which no layer keeps: `--secret id=npmrc,src=$HOME/.npmrc`.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=cache,target=/root/.npm \
    npm ci --include=dev --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
# Development tools that Nest's packages can use remain unless optional ones are left out, too; the gateway needs none of them.
RUN node node_modules/@nestjs/cli/bin/nest.js build && npm prune --omit=dev --omit=optional --ignore-scripts

# The two services of the demo, for compose.yaml and tests: `docker build --target demo .`
FROM ${BASE} AS demo
WORKDIR /app
COPY test/demo/upstream.ts package.json ./
USER 65534:65534
ENTRYPOINT ["node", "upstream.ts", "--host", "0.0.0.0"]
CMD ["users", "--port", "3000"]

FROM ${BASE}
# By itself V8 takes at least 256 MiB for its heap, however little the container may use, and is killed before it collects.
ENV NODE_OPTIONS=--max-old-space-size-percentage=50
ENV NODE_ENV=production GATEWAY_CONFIG=/etc/breakwater/gateway.yaml MANAGEMENT_HOST=0.0.0.0
WORKDIR /app
# What changes least comes first, so that a build, a push and a pull reuse it.
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/package.json ./
# By number, so that Kubernetes can tell that it is not root.
USER 65534:65534
EXPOSE 8080 9090
# Exec form: the gateway is process 1 and gets the signals itself.
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["start"]
HEALTHCHECK --start-period=10s --timeout=5s CMD ["node", "dist/cli.js", "health"]
# At the end, because each build has other ones, and they would make it repeat the layers that follow.
ARG VERSION REVISION CREATED SOURCE
LABEL org.opencontainers.image.title="breakwater" \
      org.opencontainers.image.description="An API gateway that keeps a failing service from hurting the others" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
