"""Which protos a run generates for."""

from __future__ import annotations

from pathlib import Path

from transom_codegen.proto_roots import find_provided, own_protos


def test_services_of_packages_are_found(tmp_path: Path) -> None:
    """A service is found in the folder of its package, also where the package named the file otherwise."""
    provided = find_provided(tmp_path)
    assert provided.find_service("google.longrunning.Operations") == "google/longrunning/operations.proto"
    assert provided.find_service("google.cloud.location.Locations") == "google/cloud/location/locations.proto"
    assert provided.find_service("google.cloud.location.Location") is None
    assert provided.find_service("nowhere.Service") is None


def test_a_checkout_provides_transoms_protos_only(tmp_path: Path) -> None:
    """A team's proto may bear the name of one of the checkout's application; transom's own are provided."""
    for name in ("workflow/v1/workflows.proto", "transom/v1/policy.proto"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text('syntax = "proto3";')
    assert own_protos(tmp_path, find_provided(tmp_path)) == ["workflow/v1/workflows.proto"]
