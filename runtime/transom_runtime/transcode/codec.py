"""The codec: every plan of a gateway, made at start, behind the decoders and encoders of its bindings."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from transom_runtime.binding import Binding
from transom_runtime.extension import TextChecks
from transom_runtime.transcode.decode_plans import DecodePlans
from transom_runtime.transcode.encode_plan import EncodePlans
from transom_runtime.transcode.field_access import descriptor_of
from transom_runtime.transcode.json_bytes import dump_json
from transom_runtime.transcode.native import choose_native
from transom_runtime.transcode.options import OutputForm, Strictness, TranscodeOptions
from transom_runtime.transcode.request import RequestDecoder
from transom_runtime.transcode.response import ResponseEncoder
from transom_runtime.transcode.verdict import OnUnknown


class Codec:
    """JSON to wire bytes and back, for all bindings of a gateway. Plans are shared; safe to use from any task."""

    def __init__(
        self,
        options: TranscodeOptions,
        *,
        text_checks: TextChecks | None = None,
        pool: DescriptorPool | None = None,
        on_unknown: OnUnknown | None = None,
    ) -> None:
        """`pool` holds the types that an Any may name; default: all that are imported. `text_checks` is asked for
        every field that holds text: strings, lists and maps of them, StringValue, Struct, Value and ListValue.
        `on_unknown` is told of ignored names in report mode. Raises ValueError where the native codec is required and
        was not built.
        """
        native = choose_native(options.native)
        chosen = pool if pool is not None else descriptor_pool.Default()
        self._options = options
        self.is_native = native is not None
        """Whether the compiled codec takes what is beyond doubt."""
        self._on_unknown = on_unknown
        ignores = options.strictness is Strictness.LENIENT
        self._decode_plans = DecodePlans(chosen, text_checks, ignores_unknown=ignores, native=native)
        form = OutputForm(
            defaults=options.output_defaults,
            proto_names=options.output_proto_names,
            enum_numbers=options.output_enum_numbers,
        )
        self._encode_plans = EncodePlans(chosen, form, native)
        self._number_plans = EncodePlans(chosen, replace(form, enum_numbers=True), native)
        # Errors look the same whatever the settings: clients read them without knowing who answers.
        self._error_plans = EncodePlans(chosen, OutputForm(defaults=options.output_defaults))

    def request_decoder(self, binding: Binding) -> RequestDecoder:
        """What decodes the requests of a binding. Raises ValueError where the binding does not fit its message."""
        return RequestDecoder(binding, self._decode_plans, self._options, self._on_unknown)

    def response_encoder(self, binding: Binding, *, extract: tuple[str, ...] = ()) -> ResponseEncoder:
        """What encodes the messages of a binding; `extract` are the response fields whose texts are wanted with each.
        Raises ValueError likewise.
        """
        allow_dotted = self._options.allow_dotted_body
        return ResponseEncoder(binding, self._encode_plans, extract, allow_dotted=allow_dotted)

    def number_encoder(self, binding: Binding, *, extract: tuple[str, ...] = ()) -> ResponseEncoder:
        """The same for clients that want enums as numbers, since they may be older than a name. Raises ValueError
        likewise.
        """
        allow_dotted = self._options.allow_dotted_body
        return ResponseEncoder(binding, self._number_plans, extract, allow_dotted=allow_dotted)

    def encode_message(self, message: Message) -> bytes:
        """The JSON of any message, such as the status of an error. An Any that cannot be resolved keeps its type and
        bytes (J5). Raises ValueError for what JSON cannot write.
        """
        return dump_json(self._error_plans.writer(descriptor_of(message))(message))
