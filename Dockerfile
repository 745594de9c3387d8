# Poruch in a container: one image for every part. `docker compose up` shows how the parts stand together.
FROM python:3.12-slim

RUN useradd --create-home --uid 10001 poruch && install -d -o poruch /data
WORKDIR /poruch

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER poruch
ENV PORUCH_DATA_DIR=/data PORUCH_HOST=0.0.0.0 PORUCH_PORT=8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=5)"]
CMD ["poruch", "run"]
