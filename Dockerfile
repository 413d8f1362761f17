FROM node:24.21.0-slim AS build
WORKDIR /app
# The user of the image below: Node keeps what it compiled apart for each user.
RUN chown node:node /app
USER node
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts/bundle-packages.ts scripts/start-flags.ts ./scripts/
RUN npm run build

# For docker-compose.yml: Octane and the identity provider of the sandbox. The image below contains nothing of it.
FROM build AS sandbox
COPY sandbox ./sandbox
CMD ["node", "sandbox/main.ts"]

FROM node:24.21.0-slim AS production-packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:24.21.0-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production-packages /app/node_modules ./node_modules
COPY package.json ./
COPY --from=build /app/dist ./dist
# The only folder that the gateway writes to: the journal, if it is SQLite. The root file system may be read-only.
RUN mkdir data && chown node:node data
VOLUME /app/data
USER node
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MANAGEMENT_PORT || 3001}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The same flags as `npm start`.
CMD ["node", "--enable-source-maps", "--disable-sigusr1", "--max-semi-space-size=8", "--heap-growing-percent=30", "--no-allocation-site-pretenuring", "dist/main.js"]
