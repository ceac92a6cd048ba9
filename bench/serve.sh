#!/usr/bin/env bash
# How fast programs serve: the shapes of docs/serving.md, each RUNS times (5), server and client on a processor each.
#
#   bench/serve.sh BUILD MODEL [LLAMA_SERVER GGUF]     a decoder; llama-server of the same weights beside it, in turns
#   bench/serve.sh BUILD --embed MODEL [FOLDER PYTHON] an encoder; sentence-transformers and CTranslate2 of PYTHON over
#                                                      the same FOLDER beside it (bench/serve/embedding_peers.py)
#
# SHAPES names some of them (closed prefix late alone start lookup), CLIENTS those of closed loops (1 8 16 32), LATE the
# tokens of the late prompt (1024; the programs need a context that holds them and 64 more).
# DRAFTS: what guesses in turn where texts repeat themselves (none lookup; a number: the model of build --draft).
# WHO=ours or llama runs one of them alone.
# BUILD is a build tree configured with -DCF_BUILD_BENCH=ON. LLAMA_SERVER may be several words (a chroot and its
# command). Lines of JSON on standard output: the server, the shape, and what the client measured.
set -euo pipefail
build=${1:?build tree}; shift
client=$build/bench/bench_serve_client
[ -x "$client" ] || { echo "serve: $client is not built: ninja -C $build bench_serve_client" >&2; exit 2; }
embed=no
[ "${1:-}" = --embed ] && { embed=yes; shift; }
model=${1:?program}
llama=${2:-}
gguf=${3:-}
runs=${RUNS:-5}
threads=${THREADS:-1}
shapes=${SHAPES:-closed prefix late alone start lookup}
options=()  # of our server, beside the usual
server_cpu=${SERVER_CPU:-0}
client_cpu=${CLIENT_CPU:-1}
log=$(mktemp)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -f "$log"' EXIT

start_ours() {
  taskset -c "$server_cpu" "$model" serve --port 0 --parallel 32 --queue 4096 -t "$threads" "${options[@]}" 2>"$log" &
  server=$!
  until port=$(sed -n 's/.*"url":"http:[^"]*:\([0-9]*\)".*/\1/p' "$log" | head -n 1) && [ -n "$port" ]; do sleep 0.05; done
}

start_llama() {
  port=18080
  # shellcheck disable=SC2086
  taskset -c "$server_cpu" $llama -m "$gguf" --port $port -np 32 -c "${LLAMA_CONTEXT:-65536}" -t "$threads" -tb "$threads" >"$log" 2>&1 &
  server=$!
  until curl -sf "http://127.0.0.1:$port/health" >/dev/null; do sleep 0.2; done
}

start_python() {
  port=18080
  OMP_NUM_THREADS=$threads TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 taskset -c "$server_cpu" "$gguf" \
    "$(dirname "$0")/serve/embedding_peers.py" "$1" "$llama" $port "$threads" >"$log" 2>&1 &
  server=$!
  until curl -sf "http://127.0.0.1:$port/health" >/dev/null; do sleep 0.2; done
}
start_sentence-transformers() { start_python sentence-transformers; }
start_ctranslate2() { start_python ctranslate2; }

stop() { kill "$server"; wait "$server" 2>/dev/null || true; server=; }

measure() {
  local who=$1 shape=$2; shift 2
  "start_$who"
  taskset -c "$client_cpu" "$client" --port "$port" "$@" --clients 2 --requests 2 --late-prompt 0 --seed 99 >/dev/null || true  # to warm up
  printf '{"server":"%s","shape":"%s","result":%s}\n' "$who" "$shape" "$(taskset -c "$client_cpu" "$client" --port "$port" "$@" || true)"
  stop
}

each() {
  for ((i = 0; i < runs; ++i)); do
    [ "${WHO:-ours}" != ours ] || measure ours "$@"
    [ -z "$llama" ] || [ "${WHO:-llama}" != llama ] || measure llama "$@"
  done
}

if [ "$embed" = yes ]; then
  shape=(embed_8 --work embed --clients 8 --seconds 10)
  peers=()
  if [ -n "$llama" ]; then  # words that are one token each
    words=$(mktemp)
    trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -f "$log" "$words"' EXIT
    grep '^[a-z]\{3,8\}$' "$llama/vocab.txt" >"$words"
    shape+=(--words "$words")
    peers=(sentence-transformers ctranslate2)
  else
    shape+=(--vocab "${VOCAB:-30000}")
  fi
  for ((i = 0; i < runs; ++i)); do
    for who in ours "${peers[@]}"; do measure "$who" "${shape[@]}"; done
  done
  exit
fi
has() { [[ " $shapes " == *" $1 "* ]]; }
vocab=(--vocab "${VOCAB:-32000}")

if has closed; then
  for clients in ${CLIENTS:-1 8 16 32}; do each "closed_$clients" --clients "$clients" --seconds 15 "${vocab[@]}"; done
fi
if has prefix; then
  each prefix_32 --clients 32 --requests 96 --prompt 528 --shared 512 --predict 16 "${vocab[@]}"
fi
if has late; then
  each late_prompt --clients 16 --seconds 8 --prompt 16 --predict 64 --late-prompt "${LATE:-1024}" "${vocab[@]}"
fi
if has alone; then  # one stream, and the same number of tokens of the command line
  for ((i = 0; i < runs; ++i)); do
    measure ours alone --clients 1 --requests 3 --prompt 5 --predict 192 "${vocab[@]}"
    printf '{"server":"command line","shape":"alone","result":"%s"}\n' \
      "$(taskset -c "$server_cpu" "$model" -p 'Once upon a time' -n 192 --temp 0 --ignore-eos -t "$threads" 2>&1 >/dev/null | grep '^decode')"
  done
fi
if has start; then
  for ((i = 0; i < runs; ++i)); do
    printf '{"server":"ours","shape":"start","result":%s}\n' "$(python3 "$(dirname "$0")/serve/first_answer.py" "$model" -t "${START_THREADS:-2}")"
  done
fi
if has lookup; then  # random weights repeat themselves without end, which is the text that is guessed best
  for ((i = 0; i < runs; ++i)); do
    for draft in ${DRAFTS:-none lookup}; do
      options=(--draft "$draft")
      measure ours "draft_$draft" --clients 1 --requests 3 --prompt 16 --predict 192 "${vocab[@]}"
    done
  done
  options=()
fi
