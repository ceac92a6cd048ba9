#!/usr/bin/env bash
# Trains the model of this folder anew: train.sh RUN
#
# RUN is a folder to train in. CONSTFORMER names the command (default: constformer). `models/finish.py RUN models/sort 6
# CBABBC` then puts it in its place.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
run=$1
mkdir -p "$run"

# All 729 inputs and their answers, in an order of their own.
awk 'BEGIN {
  srand(1)
  for (n = 0; n < 729; ++n) order[n] = n
  for (n = 728; n > 0; --n) { k = int(rand() * (n + 1)); t = order[n]; order[n] = order[k]; order[k] = t }
  for (i = 0; i < 729; ++i) {
    word = ""; split("", count)
    for (n = order[i]; length(word) < 6; n = int(n / 3)) { c = substr("ABC", n % 3 + 1, 1); word = word c; ++count[c] }
    answer = ""
    for (j = 1; j <= 3; ++j) for (k = count[substr("ABC", j, 1)]; k > 0; --k) answer = answer substr("ABC", j, 1)
    printf "[{\"role\": \"user\", \"content\": \"%s\"}, {\"role\": \"assistant\", \"content\": \"%s\"}]\n", word, answer
  }
}' >"$run/sort.jsonl"
# Nothing marks where the answer begins.
printf '{%% for message in messages %%}{{ message.content }}{%% endfor %%}' >"$run/plain.jinja"

"${CONSTFORMER:-constformer}" train "$here/config.json" --data "$run/sort.jsonl" --validation "$run/sort.jsonl" \
  --chat-template "$run/plain.jinja" --tokenizer "$here/chars.json" --block-size 11 --batch-size 96 --steps 800 \
  --learning-rate 1e-3 --min-lr 5e-5 --schedule cosine --warmup-iters 50 --beta2 0.95 --weight-decay 0.1 --init nanogpt \
  --eval-interval 200 --eval-iters 8 -t 1 -o "$run/model"
