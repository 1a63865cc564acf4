"""Checks that transformers loads a checkpoint that ohmflow trained and gives its logits.

Usage: node dist/cli/main.js predict --checkpoint DIR < lines.jsonl | $OHMFLOW_PYTHON tools/check-transformers.py DIR
(a Python with torch and transformers 4.57)

stdin: what `ohmflow predict` printed, {"ids", "logits"} a line. Exit code 1 beyond 1e-5 of the largest logit.
"""
import json
import sys

import torch
from transformers import AutoTokenizer, RobertaForSequenceClassification

LIMIT = 1e-5


def main(folder):
    model, told = RobertaForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if told[key]:
            sys.exit(f"{folder}: {key}: {told[key]}")
    model.eval()
    AutoTokenizer.from_pretrained(folder)
    largest, worst, lines = 0.0, 0.0, 0
    with torch.no_grad():
        for line in sys.stdin:
            row = json.loads(line)
            theirs = model(torch.tensor([row["ids"]])).logits[0].tolist()
            largest = max(largest, *map(abs, theirs))
            worst = max(worst, *(abs(a - b) for a, b in zip(theirs, row["logits"], strict=True)))
            lines += 1
    if lines == 0:
        sys.exit("stdin: expected lines of `ohmflow predict`, found none")
    print(f"{folder}: {lines} lines, largest logit {largest:.4f}, largest difference {worst:.2e}, labels {model.config.id2label}")
    if worst > LIMIT * max(1.0, largest):
        sys.exit(f"{folder}: expected differences up to {LIMIT:g}")


main(sys.argv[1])
