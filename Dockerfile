# One image for web, worker, beat, cron and migrations; docker-compose.yml sets the command of each.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/campaign && python -m venv /opt/build
COPY requirements/build.txt requirements/production.txt requirements/
RUN /opt/campaign/bin/pip install --require-hashes -r requirements/production.txt \
 && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY templates templates
COPY workers workers
COPY campaign campaign
# The locked hatchling builds the wheel; it is not copied into the final image.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/campaign/bin/pip install --no-deps --no-index /wheels/*.whl \
 && /opt/campaign/bin/pip uninstall --yes pip

FROM python:3.13-slim
ENV PATH=/opt/campaign/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/campaign
COPY --from=build /opt/campaign /opt/campaign
COPY gunicorn.conf.py ./
# Numeric, so that an orchestrator can verify that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py", "--no-control-socket", "--bind", "0.0.0.0:8000", "campaign:create_app()"]
