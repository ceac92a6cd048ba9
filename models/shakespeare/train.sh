#!/usr/bin/env bash
# Trains the model of this folder anew: train.sh TEXT RUN
#
# TEXT is tinyshakespeare.txt, RUN a folder to train in. CONSTFORMER names the command (default: constformer).
# `models/finish.py RUN/model models/shakespeare 64 PROMPT…` then puts it in its place, rounded to bf16.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
text=$1 run=$2
mkdir -p "$run"
sed 's/"initializer_range": 0.02/"initializer_range": 0.04/' "$here/config.json" >"$run/config.json"
"${CONSTFORMER:-constformer}" train "$run/config.json" --data "$text" --tokenizer "$here/chars.json" --block-size 256 \
  --batch-size 8 --max-iters 5000 --learning-rate 4e-3 --min-lr 8e-5 --schedule cosine --warmup-iters 100 \
  --weight-decay 0.1 --beta1 0.9 --beta2 0.99 --grad-clip 1 --dropout 0.1 --init normal --eval-interval 500 \
  --eval-iters 50 --seed 1337 -o "$run/model"
