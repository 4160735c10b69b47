"""How Go prints the values of less common types in field errors, and an error that shows no value at all.

Used by the strategies only. Follows apimachinery's util/validation/field/errors.go (v1.32): types without a `String`
method of their own are printed by `%#v`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import FieldError
from cluster_engine.apimachinery.gotext import GoText, quote

POINTER = "0xc000000000"


def invalid_without_value(path: str, detail: str) -> FieldError:
    """`Invalid value: <detail>`, as for field.OmitValueType."""
    return FieldError("Invalid value", path, f"Invalid value: {detail}", "FieldValueInvalid")


def slice_of(type_name: str, values: Sequence[str] | None) -> GoText:
    """A slice of a named string type, e.g. `[]core.ResourceQuotaScope{"BestEffort"}`."""
    if values is None:
        return GoText(f"[]{type_name}(nil)")
    return GoText(f"[]{type_name}{{{', '.join(map(quote, values))}}}")


def pointer(type_name: str, value: object) -> str:
    """A pointer inside a struct; its address differs from one run of a real server to the next."""
    return f"(*{type_name})({'nil' if value is None else POINTER})"


def quantity_struct(text: str | int) -> GoText:
    """A `resource.Quantity` that is passed by value: its `String` has a pointer receiver, so the struct is shown."""
    amount = quantity.parse(text)
    number, scale = amount.nano, -9
    while number and number % 10 == 0 and scale < 0:
        number //= 10
        scale += 1
    if not number:
        scale = 0
    if amount.format == "DecimalSI":
        while number and number % 1000 == 0 and scale < 18 and scale % 3 == 0 and scale >= 0:
            number //= 1000
            scale += 3
        while scale % 3:
            number *= 10
            scale -= 1
    return GoText(
        f"resource.Quantity{{i:resource.int64Amount{{value:{number}, scale:{scale}}}, "
        f"d:resource.infDecAmount{{Dec:(*inf.Dec)(nil)}}, s:{quote(str(amount))}, Format:{quote(amount.format)}}}"
    )
