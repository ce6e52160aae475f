# ruff: noqa: E501  (a case a line reads as a table)
"""Headers as offices, programs and colleagues write them: what maps by itself, what is at least suggested, what must not.

The cases were made up after exports of common programs; each has one row of data, as the proposals look at values, too.
"""

import pytest

from tabular.mapper import THRESHOLD, propose
from worker.datasets import load

# dataset, who wrote it, {column: (a value, the field that it must be or None)}
CASES = [
    (
        "customers",
        "ERP export zh",
        {
            "客户编码": ("K001", "customer_no"),
            "客户全称": ("上海甲乙丙贸易有限公司", "name"),
            "客户简称": ("甲乙丙", None),
            "联系人": ("张三", "contact"),
            "手机": ("13800138000", "phone"),
            "固定电话": ("021-55554444", None),
            "电子邮箱": ("a@b.cn", "email"),
            "省": ("上海", "province"),
            "市": ("上海", "city"),
            "详细地址": ("中山路1号", "address"),
            "邮编": ("200000", "postal_code"),
            "信用额度(元)": ("10000", "credit_limit"),
            "备注": ("", "note"),
        },
    ),
    (
        "customers",
        "pinyin",
        {
            "kehubianhao": ("K1", "customer_no"),
            "kehumingcheng": ("甲公司", "name"),
            "lianxiren": ("李四", "contact"),
            "dianhua": ("010-12345678", "phone"),
            "youxiang": ("x@y.com", "email"),
            "dizhi": ("北京路2号", "address"),
            "beizhu": ("-", "note"),
        },
    ),
    (
        "customers",
        "pinyin2",
        {
            "KeHuHao": ("K1", "customer_no"),
            "MingCheng": ("甲公司", "name"),
            "ShouJiHao": ("13800138000", "phone"),
            "YouBian": ("100000", "postal_code"),
            "ChengShi": ("北京", "city"),
            "XinYongEDu": ("5000", "credit_limit"),
            "QianYueRiQi": ("2024/1/5", "signed_on"),
        },
    ),
    (
        "customers",
        "crm en",
        {
            "AccountNumber": ("A-1", "customer_no"),
            "Account Name": ("Acme", "name"),
            "Primary Contact": ("Jo", "contact"),
            "Business Phone": ("+1 555 123 4567", "phone"),
            "Email Address 1": ("a@b.com", "email"),
            "Billing Street": ("1 Main St", "address"),
            "Billing City": ("NYC", "city"),
            "Billing State/Province": ("NY", "province"),
            "Billing Zip/Postal Code": ("10001", "postal_code"),
            "Billing Country": ("USA", "country"),
            "Credit Limit (USD)": ("5000", "credit_limit"),
            "Created On": ("2024-05-06", None),
            "Description": ("x", "note"),
        },
    ),
    (
        "customers",
        "snake",
        {
            "cust_id": ("1", "customer_no"),
            "cust_name": ("x", "name"),
            "contact_person": ("y", "contact"),
            "mobile_no": ("13900000000", "phone"),
            "e_mail": ("a@b.cn", "email"),
            "addr": ("r", "address"),
            "city_name": ("上海", "city"),
            "zip_code": ("200000", "postal_code"),
            "cust_level": ("B", "level"),
            "memo": ("m", "note"),
        },
    ),
    (
        "customers",
        "bank",
        {
            "户名": ("张三", "name"),
            "账号": ("6222021234567890123", None),
            "证件类型": ("身份证", None),
            "证件号码": ("11010119900307123X", "id_number"),
            "联系电话": ("13800138000", "phone"),
            "通讯地址": ("北京", "address"),
            "开户日期": ("2020年3月4日", "signed_on"),
        },
    ),
    (
        "customers",
        "starred form",
        {
            "*客户编号（必填）": ("K1", "customer_no"),
            "*客户名称（必填）": ("甲", "name"),
            "联系人姓名": ("李", "contact"),
            "联系人电话": ("13800138000", "phone"),
            "联系人邮箱": ("a@b.cn", "email"),
            "所属省份": ("浙江", "province"),
            "所属城市": ("杭州", "city"),
            "客户等级(A/B/C/D)": ("A级", "level"),
            "授信额度（万元）": ("10", "credit_limit"),
            "签约时间": ("2024.3.5", "signed_on"),
            "备注说明": ("", "note"),
        },
    ),
    (
        "customers",
        "traditional",
        {
            "客戶編號": ("K1", "customer_no"),
            "公司名稱": ("甲", "name"),
            "聯絡人": ("李", "contact"),
            "電話": ("2345 6789", "phone"),
            "電郵": ("a@b.hk", "email"),
            "地址": ("道1號", "address"),
            "國家": ("中國香港", "country"),
            "等級": ("B", "level"),
            "備註": ("", "note"),
        },
    ),
    (
        "customers",
        "two names",
        {
            "序号": ("1", None),
            "客户ID": ("C1", "customer_no"),
            "客户名称": ("甲公司", "name"),
            "法人代表": ("王五", None),
            "统一社会信用代码": ("91310000MA1FL0AA0X", "id_number"),
            "经营范围": ("贸易", None),
            "成立日期": ("2001-01-01", None),
        },
    ),
    (
        "work_logs",
        "dingtalk",
        {
            "姓名": ("张三", "employee_name"),
            "工号": ("E001", "employee_no"),
            "部门": ("研发", None),
            "日期": ("2024-03-05", "work_date"),
            "项目名称": ("任务台", "project"),
            "工时(小时)": ("7.5", "hours"),
            "工作内容": ("写代码", "content"),
        },
    ),
    (
        "work_logs",
        "jira",
        {
            "Employee ID": ("E1", "employee_no"),
            "Employee": ("Ann", "employee_name"),
            "Date": ("2024-01-02", "work_date"),
            "Project Key": ("TT", "project"),
            "Hours Logged": ("8", "hours"),
            "Work Description": ("coding", "content"),
        },
    ),
    (
        "work_logs",
        "pinyin",
        {
            "gonghao": ("E1", "employee_no"),
            "xingming": ("张三", "employee_name"),
            "riqi": ("2024-01-02", "work_date"),
            "xiangmu": ("P", "project"),
            "gongshi": ("8", "hours"),
            "neirong": ("x", "content"),
        },
    ),
    (
        "bills",
        "zh",
        {
            "账单号": ("B1", "bill_no"),
            "客户编号": ("K1", "customer_no"),
            "应收金额": ("1,000.00", "amount"),
            "币种": ("CNY", "currency"),
            "开票日期": ("2024-01-01", "issued_on"),
            "到期日": ("2024-02-01", "due_on"),
            "状态": ("未付款", "status"),
            "付款日期": ("", "paid_on"),
            "备注": ("", "note"),
        },
    ),
    (
        "bills",
        "en invoice",
        {
            "Invoice #": ("I1", "bill_no"),
            "Customer ID": ("K1", "customer_no"),
            "Total Amount": ("99.5", "amount"),
            "Currency Code": ("USD", "currency"),
            "Invoice Date": ("2024-01-01", "issued_on"),
            "Due Date": ("2024-02-01", "due_on"),
            "Payment Status": ("unpaid", "status"),
            "Payment Date": ("", "paid_on"),
            "Memo": ("", "note"),
        },
    ),
    (
        "bills",
        "property",
        {
            "单据编号": ("B1", "bill_no"),
            "客户代码": ("K1", "customer_no"),
            "出账日": ("2024-1-1", "issued_on"),
            "缴费状态": ("已缴费", "status"),
        },
    ),
]

# Columns that are something else, or too uncertain to be taken without a person"s word.
OTHERS = {
    "customers": [
        "客户经理",
        "客户状态",
        "联系人职务",
        "产品名称",
        "供应商名称",
        "订单号",
        "订单日期",
        "Shipping City",
        "shipPhone",
        "Product Name",
        "Manager Email",
        "Status",
        "Password",
        "Customer Group",
        "客户资料",
        "客户情况",
        "开户行",
        "银行账号",
        "税额",
        "User Name",
        "File Name",
        "Contact Title",
        "生日",
        "性别",
        "职务",
        "收货人",
        "负责销售",
        "创建人",
        "修改日期",
        "Employee Name",
        "部门",
        "Fax",
        "传真",
        "网址",
        "Website",
        "数量",
        "单价",
    ],
    "work_logs": [
        "客户姓名",
        "Customer Name",
        "客户名称",
        "Account Name",
        "审批人",
        "审批日期",
        "加班",
        "部门",
        "项目经理",
        "Product Name",
        "请假",
        "Company Name",
        "开始时间",
        "费用",
        "Project Manager",
        "Client",
    ],
    "bills": [
        "客户名称",
        "Customer Name",
        "税率",
        "数量",
        "单价",
        "Product Name",
        "经办人",
        "Employee ID",
        "shipCity",
        "银行",
        "付款人",
        "付款方式",
        "Payment Method",
        "Ship Via",
        "收款人",
        "创建时间",
    ],
}


@pytest.mark.parametrize(("dataset", "writer", "columns"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_a_header_maps_by_itself(dataset, writer, columns):
    proposals = propose(list(columns), [[value for value, _ in columns.values()]] * 5, load()[dataset].schema)
    applied = {p.header: p.field if p.confidence >= THRESHOLD else None for p in proposals}
    assert applied == {header: field for header, (_, field) in columns.items()}


@pytest.mark.parametrize(("dataset", "header"), [(d, h) for d, headers in OTHERS.items() for h in headers])
def test_what_is_something_else_is_not_taken_by_itself(dataset, header):
    (proposal,) = propose([header], [], load()[dataset].schema)
    assert proposal.confidence < THRESHOLD, proposal
