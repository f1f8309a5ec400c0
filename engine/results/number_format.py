"""How a number is written, wherever one is shown."""

LARGEST = 1e12  # nobody counts the digits of more


def grouped(value: float, digits: int = 2, sign: str = "-") -> str:
    """A finite number in groups of three digits, from 1e12 on in powers of ten: 1e300 → 1.00e+300.

    sign: `-` writes that of negative numbers, `+` that of all.
    """
    return f"{value:{sign}.2e}" if abs(value) >= LARGEST else f"{value:{sign},.{digits}f}"
