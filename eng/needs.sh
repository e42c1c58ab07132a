# Sourced by build, run and test: what must be on the machine, and how it gets there.

fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}

needs_dotnet() {
  command -v dotnet > /dev/null || fail "the .NET 10 SDK is missing; see https://dotnet.microsoft.com/download"
  [[ "$(dotnet --version 2> /dev/null)" == 10.* ]] || fail "the .NET 10 SDK is missing (dotnet --version says $(dotnet --version 2>&1 | head -n 1)); see https://dotnet.microsoft.com/download"
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
  # Build servers that outlive a script hold files and memory that somebody else wants.
  export MSBUILDDISABLENODEREUSE=1
}

# Debian packages whose program or library is not there. Arguments: PACKAGE=PROGRAM or PACKAGE=LIBRARY.so.N
missing_packages() {
  local need package what
  for need in "$@"; do
    package="${need%%=*}" what="${need#*=}"
    case "$what" in
      *.so*) PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2> /dev/null | grep -q -F "$what" || echo "$package" ;;
      *) PATH="$PATH:/sbin:/usr/sbin" command -v "$what" > /dev/null || echo "$package" ;;
    esac
  done
}

# Installs what is missing, without starting any service that comes with it. Says in one line what it cannot install, and returns 1.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if [[ $EUID -ne 0 ]]; then
    echo "$(basename "$0"): missing: ${missing[*]}; install them, or run this as root (sudo apt-get install --no-install-recommends ${missing[*]})" >&2
    return 1
  elif ! command -v apt-get > /dev/null; then
    echo "$(basename "$0"): missing, and there is no apt-get to install them with: ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]}"
  local policy=/usr/sbin/policy-rc.d ours=
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    ours=$policy
  fi
  local log status=0
  log="$(mktemp)"
  { DEBIAN_FRONTEND=noninteractive apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 || status=$?
  [[ -z $ours ]] || rm -f "$ours"
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]})); then
    echo "$(basename "$0"): could not install ${missing[*]}: $(grep -m 1 '^E:' "$log" || echo "apt-get ended with $status")" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
