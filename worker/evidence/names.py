"""Names of firms by their legal forms, and of people where a word beside the name says that it is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.evidence.finding import Finding

_FORMS = (
    "股份有限责任公司|有限责任公司|股份有限公司|集团有限公司|有限公司|集团公司|股份公司|总公司|分公司|子公司|律师事务所|"
    "会计师事务所|事务所|合伙企业|个体工商户|农民专业合作社|集团"
)
_CHINESE = re.compile(
    rf"[\u4e00-\u9fffA-Za-z0-9()·&]{{2,40}}?(?:{_FORMS})(?:\((?:有限|普通|特殊普通)合伙\))?"
    r"(?:[\u4e00-\u9fff]{2,10}分公司)?"
)
# What stands before a name and does not belong to it.
_BEFORE = re.compile(
    r"^.*(?:甲方|乙方|丙方|丁方|买方|卖方|供方|需方|出租方|承租方|委托方|受托方|发包方|承包方|供应商|客户|付款人|收款人|单位|"
    r"名称|公司名|抬头|原告|被告|申请人|上诉人|以及|我司|签约|委托|支付给|汇给|卖给|与|由|是|在|给|从|到|于|及|的|了|该)"
)
_NO_NAME = re.compile(r"^(?:该|本|贵|我|此|各|某|子|分|总|股份|集团|责任|一家|两家|其他|有关|母)*$")
_WESTERN = re.compile(
    r"(?<![\w&])(?:[A-Z][\w&.'\-]*,?\s+(?:(?:of|and|de|&)\s+)?){1,6}?"
    r"(?:Co\.?,?\s*,?\s*Ltd\.?|Company Limited|Pty\.? Ltd\.?|Inc\.?|Incorporated|LLC|L\.L\.C\.|LLP|Ltd\.?|Limited|PLC|"
    r"plc|Corporation|Corp\.?|GmbH(?: & Co\. KG)?|AG|SE|KG|S\.A\.|SA|SAS|S\.r\.l\.|S\.p\.A\.|B\.V\.|N\.V\.|Oy|AB|A/S|"
    r"K\.K\.)(?![\w])"
)
_LEADING = re.compile(
    r"^(?:The|This|That|Between|By|And|For|From|To|With|In|Of|Dear|Buyer|Seller|Supplier|Customer|Client)\s+"
)
_ROLE = (
    "联系人|法定代表人|法人代表|法人|负责人|经办人|委托代理人|代理人|原告|被告|第三人|申请人|被申请人|上诉人|被上诉人|证人|"
    "姓名|户名|收件人|寄件人|签收人|收货人|经理|出租人|承租人|借款人|出借人|担保人|保证人|债权人|债务人|身份证持有人|当事人"
)
_PERSON = re.compile(
    rf"(?:{_ROLE})(?:\s?\([^()\n]{{1,8}}\))?\s?[::]\s?([\u4e00-\u9fff]{{2,4}}(?:·[\u4e00-\u9fff]{{1,8}})?)(?![\u4e00-\u9fff])"
)
_TITLED = re.compile(r"(?<!\w)(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s+([A-Z][\w'\-]+(?:\s+[A-Z][\w'.\-]*){0,3})")
_NO_PERSON = re.compile(r"有限|公司|签字|签名|盖章|电话|地址|以上|如下|身份|信息|说明")


def find_companies(text: str) -> Iterator[Finding]:
    """Firms, Chinese and Western, by their legal form.

    Args:
        text: half-width.
    """
    for found in _CHINESE.finditer(text):
        name, start = found[0], found.start()
        form = re.search(rf"(?:{_FORMS})", name)
        cut = _BEFORE.match(name[: form.start()] if form else name)
        if cut and len(name) - cut.end() >= 4:
            start += cut.end()
            name = name[cut.end() :]
        name = name.lstrip(")&·")
        body = re.sub(rf"(?:{_FORMS}).*$", "", name)
        if len(body) >= 2 and not _NO_NAME.match(body) and not body.isdigit():
            yield Finding("company", name, found.end() - len(name), found.end())
    for found in _WESTERN.finditer(text):
        name = " ".join(found[0].split())
        shorter = _LEADING.sub("", name)
        if len(shorter.split()) > 1:
            yield Finding("company", shorter, *found.span())


def find_people(text: str) -> Iterator[Finding]:
    """People whose name stands behind a role (联系人：…) or a title (Mr …); others are not told from other words.

    Args:
        text: half-width.
    """
    for pattern in (_PERSON, _TITLED):
        for found in pattern.finditer(text):
            name = " ".join(found[1].split()).rstrip(".")
            if not _NO_PERSON.search(name):
                yield Finding("person", name, *found.span(1))
