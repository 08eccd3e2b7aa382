# SPDX-License-Identifier: MIT
FROM debian:bookworm-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates cmake g++ ninja-build node-llhttp pkg-config \
        libbrotli-dev libc-ares-dev libcjson-dev libcrypt-dev libcurl4-openssl-dev libre2-dev libssl-dev libuv1-dev libyaml-dev \
        libnghttp2-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /waybill
COPY . .
RUN cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=Release -DWB_TESTS=OFF -DWB_LEAN=ON && cmake --build build
# The image is the program, the libraries it loads, and the three files they read. No shell, no package manager.
RUN install -D -s build/waybill /image/waybill \
    && ldd /image/waybill | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} /image \
    && install -d -m 1777 /image/tmp \
    && cp --parents /etc/nsswitch.conf /etc/ssl/certs/ca-certificates.crt /image

FROM scratch
COPY --from=build /image /
EXPOSE 80 8080
# --container: with the flags of the router that runs in it, wherever its ping or API is.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/waybill", "healthcheck", "--container"]
ENTRYPOINT ["/waybill"]
