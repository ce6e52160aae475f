# Shared by ./run, ./test and the package builders: a virtual environment from a lock, and Qt's system libraries.
# Source it from the checkout's root.

QT_PACKAGES="libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon0 libbrotli1"
QT_X_PACKAGES="libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0"
FONT_PACKAGES="fonts-wqy-microhei"

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in ${TASKTRAY_PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    say "Tasktray needs Python 3.11 or newer. 需要 Python 3.11 或更高版本。"
    say "Debian/Ubuntu: sudo apt-get install python3 python3-venv"
    return 1
}

# prepare_environment LOCK: .venv as LOCK says; does nothing when it already is.
prepare_environment() {
    local lock=$1 python stamp want
    want=$(cat "$lock" pyproject.toml | cksum)
    stamp=.venv/tasktray-${lock%.lock}
    [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return 0
    python=$(find_python) || return 1
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        say "Preparing the Python environment (.venv) … 正在准备 Python 环境……"
        "$python" -m venv --clear .venv || {
            say "Could not make a virtual environment. Debian/Ubuntu: sudo apt-get install python3-venv"
            return 1
        }
    fi
    say "Installing the locked packages, about a minute … 正在安装依赖，约需一分钟……"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" || {
        say "The packages could not be installed. Is the network reachable? 依赖安装失败，请检查网络。"
        return 1
    }
    printf '%s\n' "$PWD" > "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tasktray.pth"
    # The command itself; the package is run from the checkout, so nothing is built.
    printf '#!%s\nfrom tasktray.cli import main\nmain()\n' "$PWD/.venv/bin/python" > .venv/bin/tasktray
    chmod +x .venv/bin/tasktray
    printf '%s\n' "$want" > "$stamp"
}

# install_packages NAME...: those Debian packages that are missing, where this may be done; else says which.
install_packages() {
    local missing=() name
    command -v dpkg-query >/dev/null 2>&1 || return 1
    for name in "$@"; do
        # Newer releases renamed some libraries with the suffix t64.
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
            dpkg-query -W -f '${Status}' "${name}t64" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" = 0 ]; then
        say "Installing ${missing[*]} …"
        apt-get update -qq >/dev/null 2>&1
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
    fi
    say "These packages are missing: sudo apt-get install ${missing[*]}"
    return 1
}

# prepare_qt: makes sure that Qt can be loaded.
prepare_qt() {
    local check='from PySide6 import QtGui, QtWidgets'
    .venv/bin/python -c "$check" >/dev/null 2>&1 && return 0
    install_packages $QT_PACKAGES
    .venv/bin/python -c "$check" || {
        say "Qt cannot be loaded; the line above names the library that is missing. Qt 无法加载，缺少的库见上一行。"
        return 1
    }
}
