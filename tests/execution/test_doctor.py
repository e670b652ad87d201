"""The doctor tells the truth about a machine, and says what follows."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from autograder.execution import Tier, doctor
from autograder.execution.layers import Layers

WHOLE = Layers("Linux", 0, "", 7, "")
BARE_CONTAINER = Layers("Linux", 0, "PermissionError: unshare: Operation not permitted", 7, "")
OLD_KERNEL = Layers("Linux", 1000, "", 0, "")
NOTHING = Layers("Linux", 1000, "PermissionError: unshare", 0, "")
NO_LIBRARY = replace(WHOLE, seccomp="pyseccomp is missing")
MAC = Layers("Darwin", -1, "Darwin has no such layer", 0, "Darwin has no such layer")


@pytest.mark.parametrize(
    ("layers", "tiers"),
    [
        (WHOLE, ("ns", "plain", "none")),
        (BARE_CONTAINER, ("plain", "none")),
        (OLD_KERNEL, ("ns", "none")),
        (NOTHING, ("none",)),
        (NO_LIBRARY, ("none",)),
        (MAC, ()),
    ],
    ids=["whole", "bare-container", "old-kernel", "nothing", "no-library", "mac"],
)
def test_the_tiers_follow_from_the_layers(layers, tiers):
    assert layers.tiers == tiers


@pytest.mark.parametrize("layers", [NOTHING, NO_LIBRARY, MAC], ids=["nothing", "no-library", "mac"])
def test_where_nothing_confines_the_doctor_says_so_and_fails(monkeypatch, capsys, layers):
    monkeypatch.setattr(doctor, "examine", lambda: layers)
    assert doctor.main([]) == 1
    assert "cannot be confined" in " ".join(capsys.readouterr().out.split())


def test_a_missing_layer_has_a_remark():
    for layers in (BARE_CONTAINER, OLD_KERNEL, NOTHING, NO_LIBRARY, MAC):
        assert all(each.remark for each in doctor.diagnose(layers) if not each.holds), layers


def test_json_holds_every_layer(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: WHOLE)
    assert doctor.main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tiers"] == ["ns", "plain", "none"] and len(found["findings"]) == 5


def test_the_examined_layers_are_what_submissions_get(parents):
    layers = doctor.examine()
    for tier in layers.tiers[:-1]:
        with parents(tier).submission() as submission:
            submission.run_cell("1")
            held = " ".join(submission.close().layers)
        assert ("namespaces" in held) == (tier is Tier.NAMESPACES)
        assert "seccomp" in held and (f"landlock {layers.landlock_abi}" in held or not layers.landlock_abi)


def test_namespaces_that_cannot_mount_are_reported():
    """A capability set without SYS_ADMIN, as in most containers: unshare itself is refused."""
    if os.getuid():
        pytest.xfail("only root can take the capability away")
    code = "import sys; from autograder.execution.layers import probe; print(probe().namespaces)"
    command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "unshare: Operation not permitted" in done.stdout
