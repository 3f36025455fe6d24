# The whole system in one image; docker-compose.yml starts it under several commands.
FROM python:3.11-slim-trixie AS build
COPY requirements.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /requirements.txt

FROM python:3.11-slim-trixie
# pg_dump and pg_restore, of the same version as the database's image
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 app && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \
    && mkdir /journal /backups && chown app:app /journal /backups
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/app/staticfiles
# Collected once, here: the running image is read-only.
RUN DEMO=0 python manage.py collectstatic --noinput --skip-checks && python -m compileall -q /app
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "whatsempoli.wsgi", "--config", "deploy/gunicorn.py"]
