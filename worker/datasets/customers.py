"""The customers of the company."""

from tabular.schema import Field, TableSchema
from worker.datasets.dataset import Dataset

CUSTOMERS = Dataset(
    TableSchema(
        name="customers",
        titles={"zh_CN": "客户", "en": "Customers"},
        key=("customer_no",),
        record_words=("customer", "cust", "client", "account", "company", "客户", "公司", "单位", "企业", "会员"),
        fields=(
            Field("customer_no", "text", {"zh_CN": "客户编号", "en": "Customer no."}, ("customer id", "customer number", "customer code", "cust no", "cust id", "client no", "account no", "客户号", "客户代码", "客户编码", "客户ID", "编号", "会员号", "account number", "编码", "client id", "client code"), required=True, max_length=64),
            Field("name", "text", {"zh_CN": "客户名称", "en": "Name"}, ("company name", "company", "customer name", "customer", "client", "client name", "full name", "客户", "名称", "公司名称", "公司", "单位名称", "企业名称", "姓名", "客户姓名", "客户全称", "公司全称", "单位全称", "企业全称", "全称", "户名", "account name"), required=True, max_length=200),
            Field("contact", "text", {"zh_CN": "联系人", "en": "Contact"}, ("contact name", "contact person", "attention", "联系人姓名", "负责人", "经办人", "联络人", "primary contact"), max_length=100),
            Field("phone", "text", {"zh_CN": "电话", "en": "Phone"}, ("telephone", "phone number", "tel", "mobile", "mobile phone", "cell", "手机", "手机号", "手机号码", "联系电话", "电话号码", "座机", "联系方式", "telephone number", "tel number"), max_length=40, format="phone"),
            Field("email", "text", {"zh_CN": "邮箱", "en": "E-mail"}, ("mail", "e-mail address", "email address", "电子邮件", "电子邮箱", "邮件地址", "邮箱地址", "电邮"), max_length=254, format="email"),
            Field("id_number", "text", {"zh_CN": "证件号码", "en": "ID number"}, ("id no", "identity number", "identity card", "tax id", "tax number", "统一社会信用代码", "信用代码", "身份证", "身份证号", "身份证号码", "证件号", "税号", "税务登记号", "纳税人识别号"), max_length=32),
            Field("country", "text", {"zh_CN": "国家", "en": "Country"}, ("nation", "country region", "国家地区", "国别"), max_length=60),
            Field("province", "text", {"zh_CN": "省份", "en": "Province"}, ("region", "state", "state province", "省", "省市", "地区", "所在省"), max_length=60),
            Field("city", "text", {"zh_CN": "城市", "en": "City"}, ("town", "市", "所在城市", "地市"), max_length=60),
            Field("address", "text", {"zh_CN": "地址", "en": "Address"}, ("street", "street address", "address line 1", "详细地址", "联系地址", "通讯地址", "住址", "家庭住址", "公司地址", "办公地址", "注册地址", "经营地址", "收货地址"), max_length=300),
            Field("postal_code", "text", {"zh_CN": "邮政编码", "en": "Postal code"}, ("zip", "zip code", "postcode", "post code", "zip postal code", "邮编"), max_length=20),
            Field("level", "choice", {"zh_CN": "客户等级", "en": "Level"}, ("grade", "customer level", "rating", "class", "等级", "级别", "客户级别", "会员等级", "信用等级", "客户分类", "客户类别"), choices=("A", "B", "C", "D")),
            Field("credit_limit", "decimal", {"zh_CN": "信用额度", "en": "Credit limit"}, ("credit", "credit line", "limit", "credit amount", "额度", "授信额度", "信用限额", "授信金额", "信用金额"), minimum=0, maximum=9_999_999_999_999, scale=2),
            Field("signed_on", "date", {"zh_CN": "签约日期", "en": "Signed on"}, ("signed", "sign date", "signing date", "contract date", "since", "customer since", "签约日", "签订日期", "合同日期", "签约时间", "开户日期", "建档日期", "合作日期"), ),
            Field("note", "text", {"zh_CN": "备注", "en": "Note"}, ("notes", "remark", "remarks", "comment", "comments", "memo", "说明", "附注", "备注信息", "description", "描述"), max_length=2000),
        ),
    )
)  # fmt: skip
