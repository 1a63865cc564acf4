"""Holds templates/kubernetes-job.yaml against the published schema of batch/v1 Job, and looks at what its container runs.

    pip install kubernetes-validate==1.37.0 && python tools/check-kubernetes.py

The package carries the JSON schemas that Kubernetes' OpenAPI documents give, release by release. No cluster is needed.
"""

import copy
import os
import pathlib
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

TEMPLATE = pathlib.Path(__file__).parent.parent / "templates" / "kubernetes-job.yaml"
# The oldest release whose API has backoffLimitPerIndex without a feature gate to be set, and the newest that is known.
RELEASES = ["1.29", kubernetes_validate.latest_version()]


def refused(job, release):
    try:
        kubernetes_validate.validate(job, release, strict=True)
    except kubernetes_validate.ValidationError:
        return True
    return False


def command_of(job, index, folder):
    """The words that `ohmflow` gets in the pod of an index."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    stub = pathlib.Path(folder) / "ohmflow"
    stub.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stub.chmod(0o755)
    variables = {e["name"]: e["value"] for e in container["env"]}
    environment = {**variables, "JOB_COMPLETION_INDEX": str(index), "PATH": f"{folder}:{os.environ['PATH']}"}
    words = container["command"] + container["args"]
    return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def main():
    job = yaml.safe_load(TEMPLATE.read_text())
    for release in RELEASES:
        kubernetes_validate.validate(job, release, strict=True)
        for path in [("spec",), ("spec", "template", "spec"), ("spec", "podFailurePolicy")]:
            wrong = copy.deepcopy(job)
            part = wrong
            for key in path:
                part = part[key]
            part["ohmflow"] = 1
            assert refused(wrong, release), f"{release}: takes an unknown key in {'.'.join(path)}"
        print(f"batch/v1 Job of Kubernetes {release}: valid; with an unknown key: refused")
    spec = job["spec"]
    shards = next(e["value"] for e in spec["template"]["spec"]["containers"][0]["env"] if e["name"] == "OHMFLOW_SHARDS")
    assert str(spec["completions"]) == shards and spec["parallelism"] <= spec["completions"], "numbers of shards differ"
    with tempfile.TemporaryDirectory() as folder:
        for index in range(spec["completions"]):
            expected = ["run", "/inputs/experiment.json", "--out", f"/results/shards/{index}"]
            expected += ["--shard", f"{index}/{shards}", "--workers", "2"]
            found = command_of(job, index, folder)
            assert found == expected, f"index {index}: expected {expected}, found {found}"
    print(f"indices 0 to {spec['completions'] - 1}: ohmflow {' '.join(found)}")


if __name__ == "__main__":
    sys.exit(main())
