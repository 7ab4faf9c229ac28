#!/bin/sh
# Every test that this machine can run (make test). Missing Debian packages are installed where that can be done (root on
# Debian), else the tests that need them are skipped by name in the last lines. With CI=true they fail instead.
set -eu
cd "$(dirname "$0")/.."

missing() {
    grep -v '^#' tests/packages.txt | while read -r package probe; do
        # shellcheck disable=SC2086
        [ -z "$package" ] || ls $probe >/dev/null 2>&1 || command -v "$probe" >/dev/null 2>&1 || echo "$package"
    done
}

# No daemon may start on the machine because a test needs its programs: policy-rc.d is Debian's own way to say so.
install() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    apt-get install -y -qq --no-install-recommends "$@"
}

packages=$(missing)
if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
    echo "rammevagt: installing what some tests need:" $packages
    # shellcheck disable=SC2086
    (install $packages) >/dev/null 2>&1 || echo "rammevagt: could not install:" $packages >&2
fi

unset PYTHONDONTWRITEBYTECODE  # the guard is started some hundred times: it is compiled once
# Most tests wait for disks, children and servers: three at a time keep two processors busy. The lint runs beside them, and is
# heard of when it finds something.
report=$(mktemp)
tests/lint.sh >"$report" 2>&1 &
lint=$!
trap 'kill "$lint" 2>/dev/null || :; rm -f "$report"' EXIT
status=0
.venv/bin/pytest -q -n 3 --dist loadfile --no-loadscope-reorder "$@" || status=$?
wait "$lint" || { cat "$report"; status=1; }
exit "$status"
