"""The bills to customers. Whether one is overdue is never stored: it follows from `due_on` and today's date."""

from tabular.schema import Field, TableSchema
from worker.datasets.dataset import Dataset

BILLS = Dataset(
    TableSchema(
        name="bills",
        titles={"zh_CN": "账单", "en": "Bills"},
        key=("bill_no",),
        record_words=("bill", "invoice", "账单", "发票"),
        fields=(
            Field("bill_no", "text", {"zh_CN": "账单编号", "en": "Bill no."}, ("bill number", "bill id", "bill", "invoice no", "invoice number", "invoice id", "invoice", "order no", "order number", "order id", "document no", "reference no", "账单号", "账单号码", "单号", "单据号", "单据编号", "发票号", "发票号码", "发票编号", "订单号", "订单编号", "票据号", "流水号"), required=True, max_length=64),
            Field("customer_no", "text", {"zh_CN": "客户编号", "en": "Customer no."}, ("customer id", "customer number", "customer code", "customer", "cust no", "cust id", "client no", "client id", "account no", "bill to", "客户号", "客户代码", "客户编码", "客户ID", "客户", "付款方编号", "付款单位编号", "会员号"), max_length=64),
            Field("amount", "decimal", {"zh_CN": "金额", "en": "Amount"}, ("total", "total amount", "amount due", "bill amount", "invoice amount", "sum", "value", "price", "freight", "balance due", "账单金额", "应收金额", "应收款", "应付金额", "发票金额", "总金额", "合计", "合计金额", "总额", "价税合计", "含税金额", "应缴金额", "应缴", "本期应缴", "本期金额", "应付款"), required=True, minimum=-9_999_999_999_999, maximum=9_999_999_999_999, scale=2),
            Field("currency", "text", {"zh_CN": "币种", "en": "Currency"}, ("currency code", "ccy", "cur", "iso currency", "货币", "货币代码", "币别", "结算币种", "币种代码"), max_length=3),
            Field("issued_on", "date", {"zh_CN": "开具日期", "en": "Issued on"}, ("issued", "issue date", "date of issue", "bill date", "billed on", "invoice date", "order date", "document date", "开票日期", "开票日", "开单日期", "账单日期", "账单日", "出账日期", "制单日期", "订单日期", "单据日期", "出账日")),
            Field("due_on", "date", {"zh_CN": "到期日", "en": "Due on"}, ("due", "due date", "date due", "payment due", "payment due date", "pay by", "deadline", "required date", "maturity", "maturity date", "到期日期", "到期时间", "应付日期", "应收日期", "付款期限", "付款截止日", "付款截止日期", "还款日", "最后付款日", "截止日期", "缴费截止日", "缴费截止日期", "缴费期限"), required=True),
            Field("status", "choice", {"zh_CN": "状态", "en": "Status"}, ("bill status", "payment status", "paid status", "state", "账单状态", "付款状态", "支付状态", "收款状态", "缴费状态"), choices=("pending", "paid", "void"), choice_words={
                "pending": ("未付", "未付款", "未支付", "未缴", "未缴费", "未收", "未收款", "待付", "待付款", "待支付", "待缴费", "待收款", "应收", "欠费", "open", "unpaid", "due", "outstanding", "not paid"),
                "paid": ("已付", "已付款", "已支付", "已缴", "已缴费", "已收", "已收款", "已结清", "结清", "付清", "已到账", "已核销", "settled", "payed", "received", "closed"),
                "void": ("作废", "已作废", "无效", "已取消", "取消", "撤销", "已撤销", "冲销", "红冲", "voided", "cancelled", "canceled", "invalid", "written off"),
            }),
            Field("paid_on", "date", {"zh_CN": "付款日期", "en": "Paid on"}, ("paid", "paid date", "date paid", "payment date", "paid at", "settled on", "settlement date", "shipped date", "付款日", "支付日期", "付款时间", "收款日期", "收款日", "到账日期", "回款日期", "结清日期", "缴费日期", "缴费日", "缴费时间")),
            Field("note", "text", {"zh_CN": "备注", "en": "Note"}, ("notes", "remark", "remarks", "comment", "comments", "memo", "description", "说明", "附注", "摘要", "备注信息"), max_length=2000),
        ),
    ),
    indexes=("customer_no", "due_on", "paid_on"),
)  # fmt: skip
