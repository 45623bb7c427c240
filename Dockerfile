# The one image, of every stage on either engine, with the models inside, as a user without rights.
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --quiet --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY requirements/runtime.txt /tmp/runtime.txt
RUN pip install --quiet --no-cache-dir --require-hashes --no-deps -r /tmp/runtime.txt && rm /tmp/runtime.txt
COPY --from=build /wheels /tmp/wheels
RUN pip install --quiet --no-cache-dir --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels \
    && groupadd --gid 10001 overheard && useradd --uid 10001 --gid 10001 --create-home overheard \
    && install -d -o overheard -g overheard /data
USER overheard
ENV PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
WORKDIR /data
VOLUME /data
ENTRYPOINT ["overheard"]
