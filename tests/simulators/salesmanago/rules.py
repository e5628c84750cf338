"""The documented rules of SALESmanago API v3 (product catalogs): fields, limits, reason codes and the grammar of their messages.

Written from the vendor's documentation and SDK alone. Nothing here may be copied from the sender under test, or it would be held against
itself. A check appends problems, (reason code, message), and goes on, as far as that makes sense."""
import re

from urls import is_url

AUTHENTICATION, LIMIT, TRIMMED, MISSING, TYPE, NOT_UNIQUE, UNKNOWN, NULL, STRUCTURE, RESOURCE = range(10, 20)

PRODUCTS_MAX = 100
CURRENCIES = set("""AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF
CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK
JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP
TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU XTS XUA YER ZAR ZMW
ZWG""".split())
LOCATION = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$", re.A)
DECIMAL = re.compile(r"^-?[0-9]+(?:\.[0-9]{1,2})?$", re.A)
WHOLE_MAX = 10 ** 19 - 1


class Decimal(str):
    """A JSON number with a point or an exponent, as its text: 19.2 means digits, and a double does not hold them."""


class Broken(Exception):
    """Text that no parser of JSON would take."""


def units(text):
    """Length as a Java service counts: UTF-16 units."""
    try:
        return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise Broken(text) from None


def cut(text, most):
    """At most so many units; never half a character."""
    return text.encode("utf-16-le")[:most * 2].decode("utf-16-le", errors="ignore")


def over(name, most, least=0):
    return LIMIT, f"{name}|min:{least}|max:{most}|Field exceeds limit"


def missing(name):
    return MISSING, f"{name}|Missing required field"


def wrong_type(name, kind):
    return TYPE, f"{name}:{kind}|Wrong field type"


class Check:
    """One request's findings. `trims`: fields that are cut at so many units, with warning 12, instead of being refused."""

    def __init__(self, settings, doubts):
        self.trims, self.is_dotted, self.doubts = settings.trims, settings.is_dotted, doubts
        self.problems = []
        self.warnings = []

    def doubt(self, what):
        self.doubts[what] = self.doubts.get(what, 0) + 1

    def text(self, name, value, most, required=False):
        """The text as it is stored."""
        if type(value) is not str:
            self.problems.append(wrong_type(name, "string"))
            return None
        length = units(value)
        if name in self.trims and length > self.trims[name]:
            self.warnings.append((TRIMMED, f"{name}|max:{self.trims[name]}|Data trimmed"))
            return cut(value, self.trims[name])
        if length > most:
            self.problems.append(over(name, most))
        elif required and not value.strip():
            self.problems.append(missing(name))
        return value

    def url(self, name, value, required=False):
        stored = self.text(name, value, 2048, required)
        if stored and not is_url(stored):
            self.problems.append((STRUCTURE, f"{name}|Value is not a valid URL"))
        return stored

    def flag(self, name, value):
        if type(value) is not bool:
            self.problems.append(wrong_type(name, "bool"))
        return value

    def whole(self, name, value):
        if type(value) is not int:
            self.problems.append(wrong_type(name, "int"))
        elif not -2 ** 31 <= value < 2 ** 31:
            self.problems.append(over(name, 2 ** 31 - 1, -2 ** 31))
        return value

    def money(self, name, value):
        """float (19.2), kept as the digits that were sent."""
        if type(value) is not int and type(value) is not Decimal:
            self.problems.append(wrong_type(name, "float"))
            return None
        text = str(value)
        if not DECIMAL.match(text):
            self.problems.append((STRUCTURE, f"{name}|Value does not match 19.2"))
        elif text[0] == "-" or len(text.partition(".")[0]) > 19:
            self.problems.append(over(name, f"{WHOLE_MAX}.99"))
        return text

    def list_of(self, name, value, most, check):
        if type(value) is not list:
            self.problems.append(wrong_type(name, "array"))
            return None
        if len(value) > most:
            self.problems.append(over(name, most))
        return [check(item) for item in value]

    def gender(self, name, value):
        if type(value) is not int:
            self.problems.append(wrong_type(name, "int"))
        elif not -1 <= value <= 4:
            self.problems.append((STRUCTURE, f"{name}|Value is not one of -1, 0, 1, 2, 3, 4"))
        elif value == 3:
            self.doubt("gender 3 has no meaning")
        return value

    def system_details(self, name, value):
        if type(value) is not dict:
            self.problems.append(wrong_type(name, "object"))
            return None
        stored = {}
        for key, inner in value.items():
            rule = SYSTEM_DETAILS.get(key)
            shown = f"{name}.{key}" if self.is_dotted else key
            if inner is None:
                self.problems.append(wrong_type(shown, "any"))
            elif rule:
                stored[key] = rule(self, shown, inner)
            else:
                self.doubt(f"unknown field systemDetails.{key}")
        for key, small in SDK_LIMITS:
            if key in stored and type(stored[key]) is str and units(stored[key]) > small:
                self.doubt(f"{key} over {small}, where the vendor's own SDK cuts")
        return stored

    def custom_details(self, name, value):
        if type(value) is not dict:
            self.problems.append(wrong_type(name, "object"))
            return None
        if len(value) > 5:
            self.problems.append(over(name, 5))
        return {key: self.text(f"{name}.{key}" if self.is_dotted else key, inner, 255) for key, inner in value.items()}

    def set_as_null(self, product):
        """The names to clear; a required one is refused with 17."""
        names = product.get("setAsNull")
        if names is None:
            return ()
        if type(names) is not list or not all(type(name) is str for name in names):
            self.problems.append(wrong_type("setAsNull", "array"))
            return ()
        details = (product.get("systemDetails") or {}, product.get("customDetails") or {})
        for name in names:
            if name in REQUIRED_SET:
                self.problems.append((NULL, f"{name}|Required value cannot be null"))
            elif name in product or any(type(one) is dict and name in one for one in details):
                self.doubt(f"{name} has a value and is set to null")
        return names

    def product(self, product):
        """(stored form, names to clear), or None when it is no object."""
        if type(product) is not dict:
            self.problems.append(wrong_type("products", "object"))
            return None
        for name in REQUIRED:
            if product.get(name) is None:
                self.problems.append((NULL, f"{name}|Required value cannot be null") if name in product else missing(name))
        stored = {}
        for name, value in product.items():
            rule = FIELDS.get(name)
            if rule is None:
                if name != "setAsNull":
                    self.doubt(f"unknown field {name}")
            elif value is not None:
                stored[name] = rule(self, name, value)
            elif name not in REQUIRED_SET:
                self.problems.append(wrong_type(name, "any"))
        return stored, self.set_as_null(product)


def text(most, required=False):
    return lambda check, name, value: check.text(name, value, most, required)


SYSTEM_DETAILS = {
    "manufacturer": text(255), "season": text(255), "color": text(25), "popularity": Check.whole, "bestseller": Check.flag,
    "newProduct": Check.flag, "gender": Check.gender, "brand": text(255),
}
SDK_LIMITS = (("manufacturer", 100), ("season", 40))
REQUIRED = ("productId", "name", "mainCategory", "productUrl", "available", "price")
REQUIRED_SET = frozenset(REQUIRED)
FIELDS = {
    "productId": text(255, True), "name": text(255, True), "mainCategory": text(255, True), "categoryExternalId": text(255),
    "categories": lambda check, name, value: check.list_of(name, value, 5, lambda item: check.text(name, item, 255)),
    "description": text(16384), "productUrl": lambda check, name, value: check.url(name, value, True), "mainImageUrl": Check.url,
    "imageUrls": lambda check, name, value: check.list_of(name, value, 5, lambda item: check.url(name, item)),
    "available": Check.flag, "active": Check.flag, "quantity": Check.whole, "price": Check.money, "discountPrice": Check.money,
    "unitPrice": Check.money, "brand": text(255), "systemDetails": Check.system_details, "customDetails": Check.custom_details,
}


def check_catalog(check, body, name_field):
    """catalogUpsert's own fields; the identifier is looked up by the caller."""
    name = body.get(name_field)
    if name is None:
        check.problems.append((NULL, f"{name_field}|Required value cannot be null") if name_field in body else missing(name_field))
    else:
        check.text(name_field, name, 255, True)
    for field in ("currency", "location"):
        if body.get(field) is None:
            check.problems.append((NULL, f"{field}|Required value cannot be null") if field in body else missing(field))
        else:
            check.text(field, body[field], 255, True)
    if type(body.get("currency")) is str and body["currency"] not in CURRENCIES:
        check.problems.append((STRUCTURE, "currency|Value is not a currency of ISO 4217"))
    if type(body.get("location")) is str and not LOCATION.match(body["location"]):
        check.problems.append((STRUCTURE, "location|Only letters, digits and _, no digit first"))
    if "setAsDefault" in body:
        check.flag("setAsDefault", body["setAsDefault"])
