"""What google's REST clients do beyond one request and one answer: pages, streams, operations, errors, retries."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from google.api_core import exceptions, retry
from google.api_core.future.polling import DEFAULT_POLLING
from google.cloud import dialogflowcx_v3, kms_v1, workflows_v1

from clients.google_clients import ClientClass, find_clients
from clients.google_gateway import GoogleGateway

pytestmark = pytest.mark.timeout(120)

SOON = DEFAULT_POLLING.with_delay(initial=0.01, maximum=0.05).with_timeout(20)
"""How often an operation is asked after."""


@pytest.fixture(scope="module")
def clients() -> dict[str, ClientClass]:
    """The clients by module and name."""
    return {f"{client.module}.{client.name}": client for client in find_clients()}


@pytest.fixture
def kms(clients: dict[str, ClientClass], google: GoogleGateway) -> Any:
    return clients["google.cloud.kms_v1.KeyManagementServiceClient"].over_rest(google.address)


@pytest.fixture
def workflows(clients: dict[str, ClientClass], google: GoogleGateway) -> Any:
    return clients["google.cloud.workflows_v1.WorkflowsClient"].over_rest(google.address)


@pytest.fixture
def sessions(clients: dict[str, ClientClass], google: GoogleGateway) -> Any:
    return clients["google.cloud.dialogflowcx_v3.SessionsClient"].over_rest(google.address)


def test_pages(kms: Any, google: GoogleGateway) -> None:
    """A client follows page tokens, full of what URLs make trouble of, to the last page; one page is empty (Q)."""
    pages = list(kms.list_key_rings(parent="projects/paged/locations/l", metadata=told("pages")).pages)
    assert [[ring.name for ring in page.key_rings] for page in pages] == [["one", "two"], [], ["three"]]
    assert {page.total_size for page in pages} == {3}
    rings = kms.list_key_rings(parent="projects/paged/locations/l", metadata=told("rings"))
    assert [ring.name for ring in rings] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CANCELLED", exceptions.Cancelled),
        ("UNKNOWN", exceptions.InternalServerError),
        ("INVALID_ARGUMENT", exceptions.BadRequest),
        ("DEADLINE_EXCEEDED", exceptions.GatewayTimeout),
        ("NOT_FOUND", exceptions.NotFound),
        ("ALREADY_EXISTS", exceptions.Conflict),
        ("PERMISSION_DENIED", exceptions.Forbidden),
        ("UNAUTHENTICATED", exceptions.Unauthorized),
        ("RESOURCE_EXHAUSTED", exceptions.TooManyRequests),
        ("FAILED_PRECONDITION", exceptions.BadRequest),
        ("ABORTED", exceptions.Conflict),
        ("OUT_OF_RANGE", exceptions.BadRequest),
        ("UNIMPLEMENTED", exceptions.MethodNotImplemented),
        ("INTERNAL", exceptions.InternalServerError),
        ("UNAVAILABLE", exceptions.ServiceUnavailable),
        ("DATA_LOSS", exceptions.InternalServerError),
    ],
)
def test_errors(kms: Any, code: str, expected: Any) -> None:
    """E2: each code is the exception that google-api-core has for its HTTP status, with the message as it was."""
    name = f"projects/errors/locations/l/keyRings/{code}"
    with pytest.raises(exceptions.GoogleAPICallError) as raised:
        kms.get_key_ring(name=name, retry=None, metadata=told(code))
    assert type(raised.value) is expected
    assert raised.value.message.endswith(f'it "was" {{{code}}}')
    assert raised.value.response.json()["error"]["status"] == code
    assert "TOLD" in [detail.get("reason") for detail in raised.value.details]


def test_details_of_errors(kms: Any) -> None:
    """E1, E4: a client has the upstream's details, beside the gateway's RequestInfo."""
    with pytest.raises(exceptions.BadRequest) as raised:
        kms.get_key_ring(name="projects/errors/locations/l/keyRings/detailed", retry=None, metadata=told("detailed"))
    details = {detail["@type"].rpartition(".")[2]: detail for detail in raised.value.details}
    assert details["ErrorInfo"]["metadata"] == {"since": "today"}
    assert details["PreconditionFailure"]["violations"][0]["description"] == "sign it"
    assert details["RequestInfo"]["requestId"] == "detailed"


def test_refusals_of_the_gateway(clients: dict[str, ClientClass], google: GoogleGateway) -> None:
    """E1: what the gateway itself refuses is an error that a client understands: here, a route that is not there."""
    lost = clients["google.cloud.kms_v1.KeyManagementServiceClient"].over_rest(f"{google.address}/nowhere")
    with pytest.raises(exceptions.NotFound, match="no route"):
        lost.get_key_ring(name="projects/p/locations/l/keyRings/k", retry=None, metadata=told("nowhere"))


def test_retries(kms: Any) -> None:
    """A client that retries what is UNAVAILABLE gets through."""
    soon = retry.Retry(predicate=retry.if_exception_type(exceptions.ServiceUnavailable), initial=0.01, timeout=20)
    ring = kms.get_key_ring(name="projects/flaky/locations/l/keyRings/k", retry=soon, metadata=told("flaky"))
    assert ring.name == "at last"


def test_an_operation_to_its_end(workflows: Any) -> None:
    """A client polls an operation until it is done, and has its response and metadata in their types."""
    operation = workflows.create_workflow(
        parent="projects/slow/locations/l",
        workflow=workflows_v1.Workflow(source_contents="main: {}"),
        workflow_id="w",
        metadata=told("create"),
    )
    assert operation.metadata.verb == "create"
    workflow = operation.result(timeout=20, polling=SOON)
    assert isinstance(workflow, workflows_v1.Workflow)
    assert (workflow.name, workflow.state) == (
        "projects/slow/locations/l/workflows/w",
        workflows_v1.Workflow.State.ACTIVE,
    )
    assert dict(workflow.labels) == {"a": "1", "b": "2"}
    assert operation.metadata.target == "all"


def test_an_operation_that_fails(workflows: Any) -> None:
    """An operation's error is the exception of its code, with its message."""
    operation = workflows.create_workflow(
        parent="projects/doomed/locations/l", workflow=workflows_v1.Workflow(), workflow_id="w", metadata=told("doomed")
    )
    with pytest.raises(exceptions.PermissionDenied, match="not yours"):
        operation.result(timeout=20, polling=SOON)


def test_a_stream(sessions: Any) -> None:
    """S1: a client reads the array as it comes: every message, with texts that are hard to parse."""
    told_ids = [
        answer.response_id
        for answer in sessions.server_streaming_detect_intent(detect("told"), metadata=told("stream"))
    ]
    assert told_ids == ['}{"][', 'a \\" b \\\\', "naïve 😀 \u2028"]


def test_an_empty_stream(sessions: Any) -> None:
    """S9: a stream without a message is one for a client too."""
    assert list(sessions.server_streaming_detect_intent(detect("silent"), metadata=told("silent"))) == []


def test_a_stream_that_breaks(sessions: Any) -> None:
    """S3: the last element is the error; google-api-core, which looks at the status only, reads an empty message."""
    got = list(sessions.server_streaming_detect_intent(detect("broken"), retry=None, metadata=told("broken")))
    assert [answer.response_id for answer in got] == ["first", ""]
    transport = sessions.transport
    path = "/v3/projects/broken/locations/l/agents/a/sessions/s:serverStreamingDetectIntent"
    raw = transport._session.post(f"{transport._host}{path}", json={}, headers={"x-request-id": "raw"}).json()
    assert (raw[0]["responseId"], raw[1]["error"]["code"], raw[1]["error"]["message"]) == ("first", 10, "it broke")


def test_a_stream_that_is_refused(sessions: Any) -> None:
    """S2: an error before the first message is the exception of its code, with message and details."""
    with pytest.raises(exceptions.NotFound, match="no such agent") as raised:
        list(sessions.server_streaming_detect_intent(detect("refused"), retry=None, metadata=told("refused")))
    assert "GONE" in [detail.get("reason") for detail in raised.value.details]


def test_numbers_of_enums(kms: Any) -> None:
    """Q7: clients ask for enums as numbers and get them: a name that is newer than the client would be lost on it."""
    bodies: list[Any] = []
    kms.transport._session.hooks["response"].append(lambda response, **_: bodies.append(response.json()))
    key = kms.get_crypto_key(name="projects/p/locations/l/keyRings/r/cryptoKeys/k", metadata=told("enums"))
    assert key.purpose == kms_v1.CryptoKey.CryptoKeyPurpose.ENCRYPT_DECRYPT
    assert bodies[0]["purpose"] == 1
    read = partial(kms_v1.CryptoKey.from_json, ignore_unknown_fields=True)  # as its transport does
    assert read('{"purpose": "NEWER_THAN_THE_CLIENT"}')._pb.purpose == 0
    assert read('{"purpose": 99}')._pb.purpose == 99


def detect(project: str) -> dialogflowcx_v3.DetectIntentRequest:
    """A request of a stream."""
    query = dialogflowcx_v3.QueryInput(text=dialogflowcx_v3.TextInput(text="hello"), language_code="en")
    return dialogflowcx_v3.DetectIntentRequest(
        session=f"projects/{project}/locations/l/agents/a/sessions/s", query_input=query
    )


def told(request_id: str) -> list[tuple[str, str]]:
    """Metadata that names the request for the recorder."""
    return [("x-request-id", request_id)]
