# What the scripts of this folder have in common; each reads it first. All settings can be given in the
# environment. Nothing here starts anything by itself.

# The programs: codis-config, codis-proxy.
CODIS_BIN=${CODIS_BIN:-../../bin}
# The file that all of them read.
CONFIG=${CONFIG:-config.ini}
# Logs, process ids and the data of the Redis servers.
STATE=${STATE:-.}
# One word for each group: the port of its master, then those of its slaves, with commas between.
REDIS_GROUPS=${REDIS_GROUPS:-6381,6391 6382,6392 6383,6393}
# Slots of the product.
SLOTS=1024
# Of the proxy: its ports, and how many processes.
PROXY_ADDR=${PROXY_ADDR:-0.0.0.0:19000}
PROXY_HTTP_ADDR=${PROXY_HTTP_ADDR:-0.0.0.0:11000}
PROXY_CPU=${PROXY_CPU:-2}
# Seconds to wait for a program that starts.
START_SECONDS=${START_SECONDS:-30}

# The value of a key of the file: value_of product
value_of() {
  sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$CONFIG" | tail -n 1 | tr -d '\r'
}

# The command line of Codis 2.0.
codis_config() {
  "$CODIS_BIN/codis-config" -c "$CONFIG" "$@"
}

# Starts a program that stays: start NAME COMMAND ARGUMENTS
start() {
  name=$1
  shift
  if is_running "$name"; then
    echo "$name runs already"
    return
  fi
  mkdir -p "$STATE/log" "$STATE/run"
  nohup "$@" >>"$STATE/log/$name.out" 2>&1 &
  echo $! >"$STATE/run/$name.pid"
}

# Whether a program that was started here still runs.
is_running() {
  [ -f "$STATE/run/$1.pid" ] || return 1
  # Z: it has ended, and only its parent hasn't heard of it.
  case $(ps -o stat= -p "$(cat "$STATE/run/$1.pid")") in
    '' | Z*) return 1 ;;
  esac
}

# Waits until a command succeeds, and gives up when the program has ended: wait_for NAME COMMAND ARGUMENTS
wait_for() {
  name=$1
  shift
  left=$((START_SECONDS * 5))
  until "$@" >/dev/null 2>&1; do
    if ! is_running "$name" || [ "$left" -le 0 ]; then
      echo "$name didn't start; the end of $STATE/log/$name.out:" >&2
      tail -n 5 "$STATE/log/$name.out" >&2
      exit 1
    fi
    left=$((left - 1))
    sleep 0.2
  done
}
