"""Faults in the deploy files, gunicorn's and Celery's settings, the schedule and the headers, for `planted`."""

from tests.mutation.planted import ALONE, Fault

NGINX, COMPOSE = "deploy/nginx/nginx.conf", "docker-compose.yml"
DOCKERFILE, GUNICORN = "Dockerfile", "gunicorn.conf.py"
CELERY, UPKEEP = "workers/app.py", "workers/upkeep.py"
HEADERS = "campaign/web/headers.py"

CACHE = (ALONE, "tests/house/test_proxy_cache.py")
FORWARDING = (ALONE, "tests/house/test_proxy_forwarding.py")
PROXY_APP = (ALONE, "tests/house/test_proxy_app.py")
APPLICATION = ("tests/house/test_proxy_app.py::test_a_reader_cannot_claim_another_address",)
PARTS = (ALONE, "tests/house/test_compose.py")
COMMANDS = (ALONE, "tests/house/test_compose_commands.py")
CHECKS = (*COMMANDS, "-k", "check_of_the_web or gives_up")
CRON = (*COMMANDS, "-k", "cron")
BEAT = (*COMMANDS, "-k", "scheduler")
BROKER = (*COMMANDS, "-k", "broker")
BUILT = (*COMMANDS, "-k", "image and not serves")
SERVED = ("tests/house/test_compose_commands.py::test_the_image_serves_and_is_healthy",)
WEB = (ALONE, "tests/house/test_gunicorn.py")
WEB_VALUES = (
    *WEB,
    "-k",
    "docker_kills or hangs_is or idle or fit_into or in_memory or restarts or nothing_but or processor or missing",
)
SCHEDULE = (ALONE, "tests/workers/test_schedule.py", "-k", "not empty_database and not shares")
ON_DATABASE = ("tests/workers/test_schedule.py", "-k", "empty_database or shares")
TASKS = ("tests/workers/test_tasks.py",)
WORKER = (ALONE, "tests/workers/test_worker.py")
ON_ANSWERS = ("tests/campaign/web/test_headers_everywhere.py",)

AUTHORIZED = """      proxy_cache_bypass $http_authorization;
      proxy_no_cache $http_authorization;
"""
STREAM = "      proxy_buffering off;\n"

CACHING = [
    Fault(NGINX, AUTHORIZED, "", CACHE),
    Fault(NGINX, "      proxy_no_cache $http_authorization;\n", "", CACHE),
    Fault(NGINX, "      proxy_cache_bypass $http_authorization;\n", "", CACHE),
    Fault(NGINX, "$scheme$http_host$request_uri", "$scheme$http_host$uri", CACHE),
    Fault(NGINX, "$scheme$http_host$request_uri", "$scheme$request_uri", CACHE),
    Fault(NGINX, "$scheme$http_host$request_uri", "$scheme$host$request_uri", CACHE),
    Fault(
        NGINX,
        "      proxy_cache pages;\n",
        "      proxy_cache pages;\n      proxy_cache_valid 200 1m;\n",
        CACHE,
    ),
    Fault(
        NGINX,
        "      proxy_cache pages;\n",
        "      proxy_cache pages;\n      proxy_cache_valid any 1s;\n",
        CACHE,
    ),
    Fault(
        NGINX,
        "      proxy_cache pages;\n",
        "      proxy_cache pages;\n      proxy_ignore_headers Set-Cookie;\n",
        CACHE,
    ),
    Fault(
        NGINX,
        "      proxy_cache pages;\n",
        "      proxy_cache pages;\n      proxy_ignore_headers Cache-Control;\n",
        CACHE,
    ),
    Fault(
        NGINX,
        "      proxy_cache pages;\n",
        "      proxy_cache pages;\n      proxy_cache_methods GET HEAD POST;\n",
        CACHE,
    ),
    Fault(NGINX, "      proxy_cache pages;\n", "", CACHE),
    Fault(NGINX, "      proxy_cache_lock on;", "      #", CACHE),
    Fault(NGINX, "proxy_cache_background_update on;", "", CACHE),
    Fault(NGINX, "proxy_cache_use_stale error timeout", "proxy_cache_use_stale timeout", CACHE),
    Fault(NGINX, "use_stale error timeout http_500", "use_stale error http_500", CACHE),
    Fault(NGINX, "timeout http_500", "updating timeout http_500", CACHE),
    Fault(NGINX, "timeout http_500 ", "timeout ", CACHE),
    Fault(NGINX, " http_503 http_504;", " http_504;", CACHE),
    Fault(NGINX, "http_504;", "http_504 http_404 http_403 http_429;", CACHE),
    Fault(NGINX, "      add_header X-Cache $upstream_cache_status;\n", "", CACHE),
    Fault(NGINX, "  server {\n    listen", "  proxy_cache pages;\n  server {\n    listen", CACHE),
    Fault(NGINX, "|me/link|me/address)/", "|me/link)/", CACHE),
]

FORWARDED = [
    Fault(
        NGINX,
        "X-Forwarded-For $remote_addr",
        "X-Forwarded-For $proxy_add_x_forwarded_for",
        FORWARDING,
    ),
    Fault(
        NGINX, "X-Forwarded-For $remote_addr", "X-Forwarded-For $http_x_forwarded_for", FORWARDING
    ),
    Fault(NGINX, "    proxy_set_header X-Forwarded-For $remote_addr;\n", "", FORWARDING),
    Fault(NGINX, "real_ip_recursive on", "real_ip_recursive off", FORWARDING),
    Fault(NGINX, "real_ip_header X-Forwarded-For", "real_ip_header X-Real-IP", FORWARDING),
    Fault(NGINX, "set_real_ip_from 10.0.0.0/8", "set_real_ip_from 0.0.0.0/0", FORWARDING),
    Fault(NGINX, "172.16.0.0/12", "172.16.0.0/16", FORWARDING),
    Fault(NGINX, "172.16.0.0/12", "172.0.0.0/8", FORWARDING),
    Fault(NGINX, "192.168.0.0/16", "192.0.0.0/8", FORWARDING),
    Fault(NGINX, "fd00::/8", "fc00::/7", FORWARDING),
    Fault(NGINX, "    https https;\n", "", FORWARDING),
    Fault(NGINX, "    default $scheme;", "    default $http_x_forwarded_proto;", FORWARDING),
    Fault(NGINX, "X-Forwarded-Proto $reader_scheme", "X-Forwarded-Proto $scheme", FORWARDING),
    Fault(NGINX, '    proxy_set_header X-Forwarded-Host "";\n', "", FORWARDING),
    Fault(NGINX, "Host $http_host", "Host $host", FORWARDING),
    Fault(NGINX, '    proxy_set_header Accept-Encoding "";', "   ", FORWARDING),
    Fault(NGINX, '    proxy_set_header Connection "";\n', "", FORWARDING),
    Fault(NGINX, "    proxy_http_version 1.1;\n", "", FORWARDING),
    Fault(
        NGINX,
        "    client_max_body_size 1m; # forms",
        "    # forms",
        FORWARDING,
        "1m is the default",
    ),
    Fault(NGINX, "size 1m; # forms", "size 8m; # forms", FORWARDING),
    Fault(
        NGINX, "      client_max_body_size 1m;\n", "      client_max_body_size 2m;\n", FORWARDING
    ),
    Fault(
        NGINX,
        "/mail/events/ {\n      proxy_pass http://web;\n      client_max_body_size 10m;\n",
        "/mail/events/ {\n      proxy_pass http://web;\n",
        FORWARDING,
    ),
    Fault(
        NGINX,
        "/staff/ {\n      proxy_pass http://web;\n      client_max_body_size 10m;\n",
        "/staff/ {\n      proxy_pass http://web;\n",
        FORWARDING,
    ),
    Fault(NGINX, "      client_max_body_size 48m;\n", "", FORWARDING),
    Fault(NGINX, STREAM, "", FORWARDING),
    Fault(NGINX, "      proxy_read_timeout 1h;\n", "", FORWARDING),
    Fault(
        NGINX,
        "      proxy_cache off;\n",
        "      proxy_cache pages;\n",
        CACHE,
        "what is not buffered is never cached",
    ),
    Fault(NGINX, "progress/stream$", "progress/streams$", FORWARDING),
    Fault(NGINX, "gzip_proxied any;", "", FORWARDING),
    Fault(NGINX, "gzip_vary on;", "", FORWARDING),
    Fault(NGINX, " application/json image", " image", FORWARDING),
    Fault(NGINX, "gzip on;", "gzip off;", FORWARDING),
    Fault(NGINX, "server_tokens off;", "", FORWARDING),
    Fault(NGINX, "    location /metrics/ {\n      return 404;\n    }\n", "", FORWARDING),
    Fault(NGINX, "    location = /metrics {\n      return 404;\n    }\n", "", FORWARDING),
    Fault(NGINX, "location ~ ^/(donations|", "location ~ ^/(", PROXY_APP),
    Fault(NGINX, "$shown_address $status", "$uri $status", FORWARDING),
    Fault(NGINX, "$shown_address $status", "$request_uri $status", FORWARDING),
    Fault(NGINX, "    error_log /dev/stderr emerg;", "    error_log /dev/stderr warn;", FORWARDING),
    Fault(NGINX, "    absolute_redirect off;", "    absolute_redirect on;", FORWARDING),
    Fault(NGINX, '"https " "max-age', '"http " "max-age', FORWARDING),
    Fault(
        NGINX,
        "      add_header Strict-Transport-Security $added_transport_security always;\n",
        "",
        FORWARDING,
    ),
    Fault(NGINX, "'$request_time $upstream", "'$http_referer $request_time $upstream", FORWARDING),
    Fault(NGINX, "keepalive_timeout 15s;", "", WEB_VALUES),
    Fault(NGINX, "keepalive_timeout 15s;", "keepalive_timeout 60s;", WEB_VALUES),
    Fault(NGINX, "    keepalive 64;\n", "", FORWARDING),
]

WEB_SERVER = [
    Fault(GUNICORN, 'worker_class = "gevent"', 'worker_class = "sync"', WEB),
    Fault(GUNICORN, "worker_connections = 4000", "worker_connections = 1000", WEB),
    Fault(GUNICORN, "worker_connections = 4000", "worker_connections = 400000", WEB_VALUES),
    Fault(GUNICORN, "graceful_timeout = 5", "graceful_timeout = 0", WEB_VALUES),
    Fault(GUNICORN, "graceful_timeout = 5", "graceful_timeout = 30", WEB_VALUES),
    Fault(GUNICORN, "\ntimeout = 60", "\ntimeout = 1", WEB_VALUES),
    Fault(GUNICORN, "\ntimeout = 60", "\ntimeout = 0", WEB),
    Fault(GUNICORN, "keepalive = 20", "keepalive = 2", WEB_VALUES),
    Fault(GUNICORN, "keepalive = 20", "keepalive = 0", WEB),
    Fault(GUNICORN, 'Path("/dev/shm").is_dir()', 'Path("/dev/none").is_dir()', WEB_VALUES),
    Fault(GUNICORN, "control_socket_disable = True", "control_socket_disable = False", WEB),
    Fault(
        GUNICORN, "multiprocessing.cpu_count(), 4", "multiprocessing.cpu_count(), 400", WEB_VALUES
    ),
    Fault(GUNICORN, 'os.environ.get("WEB_CONCURRENCY")', "None", WEB_VALUES),
    Fault(GUNICORN, '"127.0.0.1:8000"', '"0.0.0.0:8000"', WEB_VALUES),
    Fault(GUNICORN, 'os.environ.get("WEB_BIND", "127.0.0.1:8000")', '"127.0.0.1:8000"', WEB),
    Fault(GUNICORN, "monkey.patch_all()\n", "", (*WEB, "-k", "green")),
    Fault(GUNICORN, "        sys.exit(str(error))", "        pass", WEB_VALUES),
    Fault(GUNICORN, "keepalive = 20", 'keepalive = 20\naccesslog = "-"', WEB_VALUES),
    Fault(GUNICORN, "keepalive = 20", "keepalive = 20\nmax_requests = 1000", WEB_VALUES),
    Fault(GUNICORN, "keepalive = 20", "keepalive = 20\npreload_app = True", WEB_VALUES),
]

SERVICES = [
    Fault(COMPOSE, "    stop_grace_period: 35s\n", "    stop_grace_period: 1s\n", PARTS),
    Fault(COMPOSE, "    stop_grace_period: 35s\n", "", PARTS),
    Fault(
        COMPOSE,
        '"worker@%h"]\n    stop_grace_period: 60s',
        '"worker@%h"]\n    stop_grace_period: 1s',
        PARTS,
    ),
    Fault(COMPOSE, '"worker@%h"]', '"%h"]', WORKER),
    Fault(COMPOSE, "shm_size: 256m\n    stop_grace_period: 60s", "shm_size: 256m", PARTS),
    Fault(COMPOSE, 'TRUSTED_PROXIES: "1"', 'TRUSTED_PROXIES: "2"', APPLICATION),
    Fault(COMPOSE, 'TRUSTED_PROXIES: "1"', 'TRUSTED_PROXIES: "0"', APPLICATION),
    Fault(COMPOSE, "127.0.0.1:8080}:8080", "8080}:8080", PARTS),
    Fault(COMPOSE, "  inside:\n    internal: true", "  inside:\n    internal: false", PARTS),
    Fault(
        COMPOSE, '8080"]\n    networks: [outside]', '8080"]\n    networks: [inside, outside]', PARTS
    ),
    Fault(
        COMPOSE,
        "secrets: [postgres_password]\n    networks: [inside]",
        "secrets: [postgres_password]\n    networks: [inside, outside]",
        PARTS,
    ),
    Fault(COMPOSE, '    volumes: ["postgres:/var/lib/postgresql"]\n', "", PARTS),
    Fault(COMPOSE, "postgres:/var/lib/postgresql", "postgres:/var/lib/postgresql/data", PARTS),
    Fault(COMPOSE, "nginx.conf:ro", "nginx.conf:rw", PARTS),
    Fault(
        COMPOSE,
        "  migrate: { condition: service_completed_successfully }",
        "  migrate: { condition: service_started }",
        PARTS,
    ),
    Fault(COMPOSE, "  broker: { condition: service_healthy }\n", "", PARTS),
    Fault(
        COMPOSE,
        "postgres: { condition: service_healthy }",
        "postgres: { condition: service_started }",
        PARTS,
    ),
    Fault(
        COMPOSE, "web: { condition: service_healthy }", "web: { condition: service_started }", PARTS
    ),
    Fault(COMPOSE, '    restart: "no"\n', "", PARTS),
    Fault(COMPOSE, "restart: unless-stopped", 'restart: "no"', PARTS),
    Fault(COMPOSE, 'max-size: 10m, max-file: "5"', 'max-file: "5"', PARTS),
    Fault(COMPOSE, "  read_only: true\n", "", PARTS),
    Fault(COMPOSE, "  cap_drop: [ALL]\n", "", PARTS),
    Fault(COMPOSE, ', "noeviction"]', ', "allkeys-lru"]', BROKER),
    Fault(COMPOSE, '"--maxmemory", "256mb", ', "", BROKER),
    Fault(COMPOSE, '"--save", "", ', "", BROKER),
    Fault(COMPOSE, "127.0.0.1:8000/readyz", "127.0.0.1:8000/healthz", CHECKS),
    Fault(
        COMPOSE,
        "urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)",
        "print(1)",
        CHECKS,
    ),
    Fault(COMPOSE, "readyz', timeout=4)", "readyz', timeout=40)", CHECKS),
    Fault(COMPOSE, "inspect ping --destination worker@$$(hostname)", "report", WORKER),
    Fault(COMPOSE, "-mmin -10 | grep -q .", "-mmin -10", BEAT),
    Fault(COMPOSE, "'schedule*' -mmin -10", "'schedule*' -mmin -1", BEAT),
    Fault(COMPOSE, "-mmin -15 | grep", "-mmin -1500 | grep", CRON),
    Fault(COMPOSE, "deadline-emails && touch", "deadline-emails; touch", CRON),
    Fault(
        COMPOSE,
        "          campaign deadline-emails &&",
        "          campaign deadline-emails --dry-run &&",
        CRON,
    ),
    Fault(COMPOSE, "        trap 'exit 0' TERM INT\n", "", CRON),
    Fault(COMPOSE, "sleep 300 & wait $$!", "sleep 300", CRON),
    Fault(COMPOSE, "sleep 300", "sleep 30000", CRON),
    Fault(COMPOSE, 'CMD", "valkey-cli", "ping"', 'CMD", "true"', PARTS),
    Fault(COMPOSE, "max_connections=300", "max_connections=100", PARTS),
    Fault(COMPOSE, "    MAIL_BOUNCES: ${MAIL_BOUNCES:-}\n", "", PARTS),
    Fault(COMPOSE, "${STAFF_SECOND_FACTOR:-}", "optional", PARTS),
    Fault(COMPOSE, "${SITE_URL:?set it in .env}", "${SITE_URL:-http://localhost}", PARTS),
    Fault(
        COMPOSE,
        "SECRET_KEY_FILE: /run/secrets/secret_key",
        "SECRET_KEY: ${SECRET_KEY:-0123456789012345678901234567890123}",
        PARTS,
    ),
    Fault(COMPOSE, "redis://broker:6379/0", "redis://redis:6379/0", PARTS),
    Fault(COMPOSE, "size=256m", "size=64m", PARTS),
    Fault(COMPOSE, "nofile: 65536 # each", "nofile: 1024 # each", PARTS),
    Fault(COMPOSE, "image: nginx:1.29-alpine", "image: nginx:latest", PARTS),
    Fault(
        COMPOSE,
        '"beat", "--schedule", "/tmp/schedule"',
        '"beat", "--schedule", "/tmp/beat"',
        BEAT,
    ),
]

IMAGE = [
    Fault(DOCKERFILE, "USER 10001:10001\n", "", BUILT),
    Fault(DOCKERFILE, "USER 10001:10001", "USER 0:0", BUILT),
    Fault(DOCKERFILE, "COPY templates templates\n", "", BUILT),
    Fault(DOCKERFILE, "COPY workers workers\n", "", BUILT),
    Fault(DOCKERFILE, "COPY gunicorn.conf.py ./\n", "", BUILT),
    Fault(DOCKERFILE, '"0.0.0.0:8000"', '"127.0.0.1:8000"', SERVED),
    Fault(DOCKERFILE, "EXPOSE 8000", "EXPOSE 80", PARTS),
    Fault(DOCKERFILE, "8000/healthz', timeout=4", "9000/healthz', timeout=4", CHECKS),
    Fault(DOCKERFILE, "campaign:create_app()", "campaign:app", SERVED),
    Fault(DOCKERFILE, "PYTHONUNBUFFERED=1 ", "", BUILT),
    Fault(
        DOCKERFILE,
        "/opt/campaign/bin/pip install --require-hashes",
        "/opt/campaign/bin/pip install",
        BUILT,
    ),
    Fault(DOCKERFILE, "FROM python:3.13-slim AS build", "FROM python:3.12-slim AS build", BUILT),
    Fault(
        DOCKERFILE,
        '"-c", "gunicorn.conf.py", ',
        "",
        SERVED,
        "gunicorn reads ./gunicorn.conf.py by itself",
    ),
    Fault(".dockerignore", "!templates\n", "", BUILT),
    Fault(".dockerignore", "*\n!campaign", "!campaign", BUILT),
]

CELERY_SETTINGS = [
    Fault(CELERY, "task_acks_late=True", "task_acks_late=False", WORKER),
    Fault(CELERY, "    task_reject_on_worker_lost=True,\n", "", WORKER),
    Fault(CELERY, "task_time_limit=600", "task_time_limit=60", SCHEDULE),
    Fault(CELERY, "    task_time_limit=600,\n", "", SCHEDULE),
    Fault(CELERY, "worker_prefetch_multiplier=1", "worker_prefetch_multiplier=4", WORKER),
    Fault(CELERY, '"visibility_timeout": 900', '"visibility_timeout": 300', SCHEDULE),
    Fault(CELERY, '"visibility_timeout": 900', '"visibility_timeout": 86400', SCHEDULE),
    Fault(CELERY, '"socket_timeout": None, ', "", SCHEDULE),
    Fault(CELERY, "    task_ignore_result=True,\n", "", SCHEDULE),
    Fault(CELERY, 'accept_content=["json"]', 'accept_content=["json", "pickle"]', WORKER),
    Fault(CELERY, "@setup_logging.connect\n", "", WORKER),
    Fault(CELERY, "    installation.cache_clear()", "    pass", ON_DATABASE),
    Fault(
        CELERY,
        "    worker_hijack_root_logger=False,\n",
        "",
        WORKER,
        "`setup_logging` is handled, so Celery sets up no logger",
    ),
    Fault(CELERY, '"workers.upkeep", ', "", SCHEDULE),
    Fault(CELERY, "ERASURES = timedelta(minutes=1)", "ERASURES = timedelta(days=1)", SCHEDULE),
    Fault(CELERY, "SWEEP = timedelta(seconds=10)", "SWEEP = timedelta(minutes=10)", SCHEDULE),
    Fault(CELERY, "SWEEP = timedelta(seconds=10)", "SWEEP = timedelta(seconds=1)", SCHEDULE),
    Fault(
        CELERY,
        "RECONCILIATION = timedelta(hours=12)",
        "RECONCILIATION = timedelta(days=12)",
        SCHEDULE,
    ),
    Fault(CELERY, "PURGES = timedelta(minutes=10)", "PURGES = timedelta(hours=10)", SCHEDULE),
    Fault(CELERY, "NOTICES = timedelta(hours=1)", "NOTICES = timedelta(days=30)", SCHEDULE),
    Fault(CELERY, '"options": {"expires": ERASURES.seconds}', '"options": {}', SCHEDULE),
    Fault(CELERY, '"expires": RECONCILIATION.seconds', '"expires": SWEEP.seconds', SCHEDULE),
    Fault(
        CELERY,
        '"task": "workers.upkeep.erase_donors"',
        '"task": "workers.upkeep.purge_expired"',
        SCHEDULE,
    ),
    Fault(
        CELERY,
        """        "erase-donors": {
            "task": "workers.upkeep.erase_donors",
            "schedule": ERASURES,
            "options": {"expires": ERASURES.seconds},
        },
""",
        "",
        SCHEDULE,
    ),
    Fault(
        CELERY,
        """        "purge-expired": {
            "task": "workers.upkeep.purge_expired",
            "schedule": PURGES,
            "options": {"expires": PURGES.seconds},
        },
""",
        "",
        SCHEDULE,
    ),
    Fault(UPKEEP, "return erasure_flow.erase_approved(installation())", "return 0", TASKS),
    Fault(
        UPKEEP,
        'heartbeat(installation(), "erase-donors")',
        'heartbeat(installation(), "purge-expired")',
        ON_DATABASE,
    ),
    Fault(UPKEEP, "return retention.purge_expired(installation())", "return 0", TASKS),
    Fault(UPKEEP, "return flow.finish_refunds(installation())", "return 0", TASKS),
    Fault(UPKEEP, "return sum(iter(_finalize_one, 0))", "return 0", TASKS),
    Fault(UPKEEP, "return mark_the_milestones(session, clock.now())", "return 0", TASKS),
    Fault(
        UPKEEP,
        "recipient = here.settings.mail.alerts_to",
        "recipient = here.settings.mail_from.address",
        TASKS,
    ),
    Fault(
        UPKEEP,
        "return recover_events(installation(), clock.now() - RECOVERY_WINDOW).new",
        "return 0",
        ("tests/campaign/cli/test_events.py",),
    ),
    Fault("workers/webhooks.py", "return send_due(installation())", "return 0", TASKS),
    Fault("workers/outbox.py", "return deliver_due(installation())", "return 0", TASKS),
    Fault(
        "campaign/audit/heartbeats.py",
        '"erase-donors": timedelta(minutes=30)',
        '"erase-donors": timedelta(days=30)',
        SCHEDULE,
    ),
    Fault(
        "campaign/audit/heartbeats.py",
        '"reconcile": timedelta(hours=26)',
        '"reconcile": timedelta(hours=6)',
        SCHEDULE,
    ),
    Fault(
        "campaign/core/claims.py",
        "with_for_update(skip_locked=True)",
        "with_for_update()",
        ("tests/campaign/stripe_events/test_inbox.py", "tests/campaign/core/test_claims.py"),
    ),
]

ANSWERS = [
    Fault(HEADERS, '"max-age=31536000"', '"max-age=0"', ON_ANSWERS),
    Fault(
        HEADERS,
        '        headers.setdefault("Strict-Transport-Security", "max-age=31536000")',
        "        pass",
        ON_ANSWERS,
    ),
    Fault(HEADERS, "    if is_secure(installation().settings):", "    if True:", ON_ANSWERS),
    Fault(HEADERS, '    headers.setdefault("X-Content-Type-Options", "nosniff")\n', "", ON_ANSWERS),
    Fault(HEADERS, "script-src 'self'", "script-src 'self' 'unsafe-inline'", ON_ANSWERS),
    Fault(HEADERS, "frame-ancestors 'none'", "frame-ancestors 'self'", ON_ANSWERS),
    Fault(HEADERS, "base-uri 'none'", "base-uri 'self'", ON_ANSWERS),
    Fault(HEADERS, 'if api.hostname == "api.stripe.com"', "if not api.hostname", ON_ANSWERS),
    Fault(
        HEADERS,
        'response.headers["Cache-Control"] = "no-store"',
        'response.headers["Cache-Control"] = "public"',
        ON_ANSWERS,
    ),
    Fault(
        HEADERS,
        '    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")\n',
        "",
        ON_ANSWERS,
    ),
]

FAULTS = [
    *(*CACHING, *FORWARDED, *WEB_SERVER, *SERVICES, *IMAGE, *CELERY_SETTINGS, *ANSWERS),
]
