<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>Actions</name>
    <message>
        <source>Show details</source>
        <translation>查看详情</translation>
    </message>
    <message>
        <source>Download results</source>
        <translation>下载结果</translation>
    </message>
    <message>
        <source>Open result</source>
        <translation>打开结果</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>在文件夹中显示</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Choose columns…</source>
        <translation>选择对应列…</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Take back…</source>
        <translation>撤销导入…</translation>
    </message>
    <message>
        <source>Correct and send again…</source>
        <translation>修改后重新发送…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Copy id</source>
        <translation>复制任务号</translation>
    </message>
</context>
<context>
    <name>Announcing</name>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>“{name}” has the same content as {others}.</source>
        <translation>“{name}”与{others}内容相同。</translation>
    </message>
    <message>
        <source>These are the rejected rows of an earlier import; what is corrected in them goes in.</source>
        <translation>这是以前某次导入中不合格的行，改正后即可导入。</translation>
    </message>
    <message>
        <source>These are the {count} rejected rows of “{title}” ({time}); the new job is linked to it.</source>
        <translation>这是“{title}”（{time}）中不合格的 {count} 行，新任务会与它关联。</translation>
    </message>
</context>
<context>
    <name>Away</name>
    <message>
        <source>The server is away. This page is brought up to date once it is back.</source>
        <translation>服务器不在线，恢复后本页会自动更新。</translation>
    </message>
</context>
<context>
    <name>Banner</name>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>Chart</name>
    <message>
        <source>Succeeded</source>
        <translation>成功</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Jobs over time: {ended} ended, {failed} of them failed, at most {waiting} waited at once.</source>
        <translation>任务走势：结束 {ended} 个，其中失败 {failed} 个，同时等待最多 {waiting} 个。</translation>
    </message>
    <message>
        <source>a minute</source>
        <translation>每分钟</translation>
    </message>
    <message>
        <source>an hour</source>
        <translation>每小时</translation>
    </message>
    <message>
        <source>Ended {per}</source>
        <translation>{per}结束</translation>
    </message>
    <message>
        <source>In the queue</source>
        <translation>队列中</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>正在读取…</translation>
    </message>
</context>
<context>
    <name>Columns</name>
    <message>
        <source>Title</source>
        <translation>标题</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>进度</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>Rate</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Remaining</source>
        <translation>剩余时间</translation>
    </message>
    <message>
        <source>Submitted</source>
        <translation>提交时间</translation>
    </message>
    <message>
        <source>Owner</source>
        <translation>提交人</translation>
    </message>
</context>
<context>
    <name>Connection</name>
    <message>
        <source>Up to date</source>
        <translation>数据最新</translation>
    </message>
    <message>
        <source>Updated {age} ago</source>
        <translation>{age}前更新</translation>
    </message>
    <message>
        <source>Offline since {time}</source>
        <translation>自 {time} 起离线</translation>
    </message>
    <message>
        <source>, trying again in {seconds} s</source>
        <translation>，{seconds} 秒后重试</translation>
    </message>
    <message>
        <source>, trying now</source>
        <translation>，正在重试</translation>
    </message>
    <message>
        <source>Connecting to {server}…</source>
        <translation>正在连接 {server}…</translation>
    </message>
    <message>
        <source>Not signed in</source>
        <translation>未登录</translation>
    </message>
    <message>
        <source>The system on this computer is not running.</source>
        <translation>本机的系统没有运行。</translation>
    </message>
</context>
<context>
    <name>Counts</name>
    <message>
        <source>New</source>
        <translation>新增</translation>
    </message>
    <message>
        <source>Updated</source>
        <translation>更新</translation>
    </message>
    <message>
        <source>Unchanged</source>
        <translation>未变</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>不合格</translation>
    </message>
    <message>
        <source>{sum} = {total} rows of the file</source>
        <translation>{sum} = 文件共 {total} 行</translation>
    </message>
    <message>
        <source> (the file has {rows} rows)</source>
        <translation>（文件共有 {rows} 行）</translation>
    </message>
    <message>
        <source>Trial run, nothing was changed</source>
        <translation>试运行，未改动任何数据</translation>
    </message>
    <message>
        <source>The same file was imported before by {name}, {time}.</source>
        <translation>{name} 曾于 {time} 导入过同一文件。</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>Columns that were not imported: {names}</source>
        <translation>未导入的列：{names}</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>是</translation>
    </message>
    <message>
        <source>NO</source>
        <translation>否</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>Sum</source>
        <translation>合计</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation>秒数</translation>
    </message>
    <message>
        <source>Removed</source>
        <translation>已删除</translation>
    </message>
    <message>
        <source>Restored</source>
        <translation>已恢复</translation>
    </message>
    <message>
        <source>Kept</source>
        <translation>已保留</translation>
    </message>
    <message>
        <source>Job</source>
        <translation>任务</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
</context>
<context>
    <name>Details</name>
    <message>
        <source>Close (Esc)</source>
        <translation>关闭 (Esc)</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>No files</source>
        <translation>没有文件</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>经过</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>Rate</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Remaining</source>
        <translation>剩余时间</translation>
    </message>
    <message>
        <source>Submitted</source>
        <translation>提交时间</translation>
    </message>
    <message>
        <source>Took</source>
        <translation>用时</translation>
    </message>
    <message>
        <source>Id</source>
        <translation>任务号</translation>
    </message>
    <message>
        <source>Takes back an earlier import.</source>
        <translation>撤销以前的一次导入。</translation>
    </message>
    <message>
        <source>Corrected rows of an earlier import.</source>
        <translation>以前某次导入的改正行。</translation>
    </message>
    <message>
        <source>Show it</source>
        <translation>查看</translation>
    </message>
</context>
<context>
    <name>DropHint</name>
    <message>
        <source>Drop files or folders here</source>
        <translation>将文件或文件夹拖放到此处</translation>
    </message>
</context>
<context>
    <name>FileList</name>
    <message>
        <source>looking…</source>
        <translation>正在查看…</translation>
    </message>
    <message>
        <source>cannot be read</source>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>columns to be chosen</source>
        <translation>需选择对应列</translation>
    </message>
    <message>
        <source>imported before</source>
        <translation>曾经导入</translation>
    </message>
    <message>
        <source>same file twice</source>
        <translation>内容重复</translation>
    </message>
    <message>
        <source>other header</source>
        <translation>表头不同</translation>
    </message>
    <message>
        <source>{chosen} of {all} go in</source>
        <translation>共 {all} 个，将导入 {chosen} 个</translation>
    </message>
    <message>
        <source>{chosen} of {all} are submitted</source>
        <translation>共 {all} 个，将提交 {chosen} 个</translation>
    </message>
    <message>
        <source>; </source>
        <translation>；</translation>
    </message>
</context>
<context>
    <name>Files</name>
    <message>
        <source>Your file</source>
        <translation>原文件</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出文件</translation>
    </message>
    <message>
        <source>Rejected rows</source>
        <translation>不合格的行</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>报告</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Stop the download</source>
        <translation>停止下载</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>在文件夹中显示</translation>
    </message>
</context>
<context>
    <name>Form</name>
    <message>
        <source>Please fill this in.</source>
        <translation>请填写此项。</translation>
    </message>
    <message>
        <source>This is no number.</source>
        <translation>这不是数字。</translation>
    </message>
    <message>
        <source>From {low} to {high}.</source>
        <translation>应在 {low} 到 {high} 之间。</translation>
    </message>
    <message>
        <source>At least {low}.</source>
        <translation>不得小于 {low}。</translation>
    </message>
    <message>
        <source>At most {high}.</source>
        <translation>不得大于 {high}。</translation>
    </message>
    <message>
        <source>(automatic)</source>
        <translation>（自动）</translation>
    </message>
    <message>
        <source>automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>one a line</source>
        <translation>每行一个</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>选择…</translation>
    </message>
    <message>
        <source>This is no JSON.</source>
        <translation>这不是 JSON。</translation>
    </message>
    <message>
        <source>value in the file</source>
        <translation>文件中的值</translation>
    </message>
    <message>
        <source>value instead</source>
        <translation>替换为</translation>
    </message>
    <message>
        <source>value</source>
        <translation>值</translation>
    </message>
    <message>
        <source>is</source>
        <translation>等于</translation>
    </message>
    <message>
        <source>contains</source>
        <translation>包含</translation>
    </message>
    <message>
        <source>from</source>
        <translation>从</translation>
    </message>
    <message>
        <source>up to</source>
        <translation>至</translation>
    </message>
    <message>
        <source>is empty</source>
        <translation>为空</translation>
    </message>
    <message>
        <source>Comma (,)</source>
        <translation>逗号 (,)</translation>
    </message>
    <message>
        <source>Semicolon (;)</source>
        <translation>分号 (;)</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>制表符</translation>
    </message>
    <message>
        <source>Bar (|)</source>
        <translation>竖线 (|)</translation>
    </message>
    <message>
        <source>More settings</source>
        <translation>更多设置</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>查找</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>正在读取…</translation>
    </message>
    <message>
        <source>There is nothing to choose from yet.</source>
        <translation>目前还没有可选的内容。</translation>
    </message>
    <message>
        <source>Only the first {count} are listed; others can be typed in.</source>
        <translation>仅列出前 {count} 项，其他可直接填写。</translation>
    </message>
</context>
<context>
    <name>Formats</name>
    <message>
        <source>{figure} rows/s</source>
        <translation>{figure} 行/秒</translation>
    </message>
    <message>
        <source>under 1 s</source>
        <translation>不到 1 秒</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} 秒</translation>
    </message>
    <message>
        <source>{minutes} min</source>
        <translation>{minutes} 分钟</translation>
    </message>
    <message>
        <source>{minutes} min {seconds} s</source>
        <translation>{minutes} 分 {seconds} 秒</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} 小时 {minutes} 分</translation>
    </message>
    <message>
        <source>{days} d {hours} h</source>
        <translation>{days} 天 {hours} 小时</translation>
    </message>
</context>
<context>
    <name>History</name>
    <message>
        <source>waits to be imported</source>
        <translation>等待导入</translation>
    </message>
    <message>
        <source>is being imported</source>
        <translation>正在导入</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>was cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>{time} by {name}</source>
        <translation>{time}，{name}</translation>
    </message>
    <message>
        <source>taken back since</source>
        <translation>后已撤销</translation>
    </message>
    <message>
        <source>: </source>
        <translation>：</translation>
    </message>
    <message>
        <source>; </source>
        <translation>；</translation>
    </message>
    <message>
        <source>“{name}” was imported before:</source>
        <translation>“{name}”以前导入过：</translation>
    </message>
</context>
<context>
    <name>Lanes</name>
    <message>
        <source>General</source>
        <translation>常规</translation>
    </message>
    <message>
        <source>Exports</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Documents</source>
        <translation>文档</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>证据</translation>
    </message>
    <message>
        <source>Finance</source>
        <translation>财务</translation>
    </message>
    <message>
        <source>Reports</source>
        <translation>报告</translation>
    </message>
    <message>
        <source>E-mail</source>
        <translation>邮件</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Tasktray</source>
        <translation>任务台</translation>
    </message>
    <message>
        <source>That job is no longer in the list.</source>
        <translation>该任务已不在列表中。</translation>
    </message>
    <message>
        <source>Import files…</source>
        <translation>导入文件…</translation>
    </message>
    <message>
        <source>Choose workbooks to import (Ctrl+O)</source>
        <translation>选择要导入的工作簿 (Ctrl+O)</translation>
    </message>
    <message>
        <source>New job</source>
        <translation>新建任务</translation>
    </message>
    <message>
        <source>Search title, kind, owner, id</source>
        <translation>搜索标题、类型、提交人、任务号</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>搜索</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>“{name}” is kept in the outbox and sent when the server is back.</source>
        <translation>“{name}”已存入发件箱，服务器恢复后自动发送。</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>The server refused “{name}”: {reason}</source>
        <translation>服务器拒绝了“{name}”：{reason}</translation>
    </message>
    <message>
        <source>Correct…</source>
        <translation>修改…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Sign in</source>
        <translation>登录</translation>
    </message>
    <message>
        <source>Sign in…</source>
        <translation>登录…</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>正在连接</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>离线</translation>
    </message>
    <message>
        <source>Other server…</source>
        <translation>其他服务器…</translation>
    </message>
    <message>
        <source>Sign out</source>
        <translation>退出登录</translation>
    </message>
    <message>
        <source>“{title}” is submitted as job {id}.</source>
        <translation>“{title}”已提交，任务号 {id}。</translation>
    </message>
    <message>
        <source> It starts at once</source>
        <translation>马上开始</translation>
    </message>
    <message>
        <source> It starts in about {time}</source>
        <translation>约 {time}后开始</translation>
    </message>
    <message>
        <source> It takes about {time}.</source>
        <translation>预计用时 {time}。</translation>
    </message>
    <message>
        <source> and takes about {time}</source>
        <translation>，预计用时 {time}</translation>
    </message>
    <message>
        <source>.</source>
        <translation>。</translation>
    </message>
</context>
<context>
    <name>Mapping</name>
    <message>
        <source>Column of the file</source>
        <translation>文件中的列</translation>
    </message>
    <message>
        <source>First values</source>
        <translation>前几个值</translation>
    </message>
    <message>
        <source>Goes into</source>
        <translation>对应字段</translation>
    </message>
    <message>
        <source>Recognised</source>
        <translation>识别结果</translation>
    </message>
    <message>
        <source>as last time</source>
        <translation>与上次相同</translation>
    </message>
    <message>
        <source>as a colleague chose</source>
        <translation>与同事的选择相同</translation>
    </message>
    <message>
        <source>same name</source>
        <translation>名称相同</translation>
    </message>
    <message>
        <source>another name for it</source>
        <translation>同义名称</translation>
    </message>
    <message>
        <source>name in pinyin</source>
        <translation>拼音名称</translation>
    </message>
    <message>
        <source>part of the name</source>
        <translation>名称部分相同</translation>
    </message>
    <message>
        <source>similar name</source>
        <translation>名称相近</translation>
    </message>
    <message>
        <source>by its values</source>
        <translation>根据列中的值</translation>
    </message>
    <message>
        <source>added to show the errors</source>
        <translation>为标明错误而添加</translation>
    </message>
    <message>
        <source>– not imported –</source>
        <translation>– 不导入 –</translation>
    </message>
    <message>
        <source>chosen by you</source>
        <translation>由您指定</translation>
    </message>
    <message>
        <source>perhaps {field}, {percent} · {reason}</source>
        <translation>可能是{field}，{percent} · {reason}</translation>
    </message>
</context>
<context>
    <name>Monitor</name>
    <message>
        <source>Online</source>
        <translation>在线</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>正在停止</translation>
    </message>
    <message>
        <source>Silent</source>
        <translation>无响应</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>Worker</source>
        <translation>工作进程</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Lanes</source>
        <translation>队列</translation>
    </message>
    <message>
        <source>Runs now</source>
        <translation>正在运行</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>启动于</translation>
    </message>
    <message>
        <source>Paused by {name}</source>
        <translation>已由 {name} 暂停</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>开放</translation>
    </message>
    <message>
        <source>No worker</source>
        <translation>无工作进程</translation>
    </message>
    <message>
        <source>Paused by {name}, {time}</source>
        <translation>已由 {name} 暂停，{time}</translation>
    </message>
    <message>
        <source>What waits here is started as slots become free.</source>
        <translation>有空位时，等待的任务即会开始。</translation>
    </message>
    <message>
        <source>No worker serves this lane: what waits here stays waiting until one is started.</source>
        <translation>没有工作进程处理此队列：启动工作进程之前，任务会一直等待。</translation>
    </message>
    <message>
        <source>{count} of them wait for their time.</source>
        <translation>其中 {count} 个未到时间。</translation>
    </message>
    <message>
        <source>Lane</source>
        <translation>队列</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Longest wait</source>
        <translation>最长等待</translation>
    </message>
    <message>
        <source>Ended/min</source>
        <translation>每分钟结束</translation>
    </message>
    <message>
        <source>Jobs that ended a minute, over the last {count} min</source>
        <translation>最近 {count} 分钟内平均每分钟结束的任务数</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>Succeeded</source>
        <translation>成功</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>Success</source>
        <translation>成功率</translation>
    </message>
    <message>
        <source>Half within</source>
        <translation>半数用时</translation>
    </message>
    <message>
        <source>Half of those that succeeded took at most this long (p50).</source>
        <translation>成功的任务中，有一半用时不超过此值（p50）。</translation>
    </message>
    <message>
        <source>95 % within</source>
        <translation>95% 用时</translation>
    </message>
    <message>
        <source>95 of 100 that succeeded took at most this long (p95).</source>
        <translation>成功的任务中，有 95% 用时不超过此值（p95）。</translation>
    </message>
    <message>
        <source>Most frequent reason of failures</source>
        <translation>最常见的失败原因</translation>
    </message>
    <message>
        <source>Workers</source>
        <translation>工作进程</translation>
    </message>
    <message>
        <source>By kind</source>
        <translation>按类型统计</translation>
    </message>
    <message>
        <source>Monitor</source>
        <translation>监控</translation>
    </message>
    <message>
        <source>Period</source>
        <translation>时段</translation>
    </message>
    <message>
        <source>Last hour</source>
        <translation>最近 1 小时</translation>
    </message>
    <message>
        <source>Last 24 hours</source>
        <translation>最近 24 小时</translation>
    </message>
    <message>
        <source>Last 7 days</source>
        <translation>最近 7 天</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Let nothing of this lane start any more; what runs goes on</source>
        <translation>此队列不再开始新任务；正在运行的继续</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>恢复</translation>
    </message>
    <message>
        <source>Let jobs of this lane start again</source>
        <translation>让此队列的任务重新开始</translation>
    </message>
    <message>
        <source>{waiting} waiting, {running} running, {workers} · {time}</source>
        <translation>等待 {waiting}，运行 {running}，{workers} · {time}</translation>
    </message>
    <message>
        <source>Pause {lane}</source>
        <translation>暂停{lane}</translation>
    </message>
    <message>
        <source>Resume {lane}</source>
        <translation>恢复{lane}</translation>
    </message>
</context>
<context>
    <name>Notifications</name>
    <message>
        <source>Notifications</source>
        <translation>通知</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>read</source>
        <translation>已读</translation>
    </message>
    <message>
        <source>unread</source>
        <translation>未读</translation>
    </message>
    <message>
        <source>{time}, from {name}</source>
        <translation>{time}，来自 {name}</translation>
    </message>
    <message>
        <source>{time}, {count} times</source>
        <translation>{time}，共 {count} 次</translation>
    </message>
    <message>
        <source>Mark all as read</source>
        <translation>全部标为已读</translation>
    </message>
    <message>
        <source>There are no notifications.</source>
        <translation>没有通知。</translation>
    </message>
    <message>
        <source>Show the job</source>
        <translation>查看任务</translation>
    </message>
    <message>
        <source>Overdue bills:</source>
        <translation>逾期账单：</translation>
    </message>
    <message>
        <source>Of which overdue bills to be told</source>
        <translation>接收哪些逾期账单的通知</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>from my imports</source>
        <translation>我导入的</translation>
    </message>
    <message>
        <source>none</source>
        <translation>不接收</translation>
    </message>
</context>
<context>
    <name>Outbox</name>
    <message>
        <source>Is sent when the server is back</source>
        <translation>服务器恢复后发送</translation>
    </message>
    <message>
        <source>Sending to the server</source>
        <translation>正在发送到服务器</translation>
    </message>
</context>
<context>
    <name>Plurals</name>
    <message numerus="yes">
        <source>%Ln row(s)</source>
        <translation>
            <numerusform>%Ln 行</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) done</source>
        <translation>
            <numerusform>完成 %Ln 行</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %Ln rejected</source>
        <translation>
            <numerusform>，不合格 %Ln 行</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete %Ln entry(ies) from the list?</source>
        <translation>
            <numerusform>从列表中删除 %Ln 项？</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln of them was not sent yet and will not be.</source>
        <translation>
            <numerusform>其中 %Ln 项尚未发送，删除后将不会发送。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) that it created will be removed.</source>
        <translation>
            <numerusform>将删除其新增的 %Ln 行。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) that it changed will be restored.</source>
        <translation>
            <numerusform>将恢复其更新的 %Ln 行。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln row(s) changed since will be kept as they are, and listed.</source>
        <translation>
            <numerusform>此后又被改动的 %Ln 行将保持原样，并列入清单。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s)</source>
        <translation>
            <numerusform>%Ln 个文件</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln other file(s) found there cannot be used for this and is (are) left out.</source>
        <translation>
            <numerusform>文件夹中另有 %Ln 个文件不适用于此操作，已略过。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The columns chosen here hold for all %Ln file(s) with this header.</source>
        <translation>
            <numerusform>此处选择的列对应适用于表头相同的全部 %Ln 个文件。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln other file(s) of the list was (were) imported before.</source>
        <translation>
            <numerusform>列表中另有 %Ln 个文件以前导入过。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Submit %Ln job(s)</source>
        <translation>
            <numerusform>提交 %Ln 个任务</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln unread notification(s)</source>
        <translation>
            <numerusform>%Ln 条未读通知</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln worker(s) online</source>
        <translation>
            <numerusform>%Ln 个工作进程在线</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln day(s)</source>
        <translation>
            <numerusform>每 %Ln 天</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln hour(s)</source>
        <translation>
            <numerusform>每 %Ln 小时</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln minute(s)</source>
        <translation>
            <numerusform>每 %Ln 分钟</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %Ln second(s)</source>
        <translation>
            <numerusform>每 %Ln 秒</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Preferences</name>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>选择文件夹</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Results go to</source>
        <translation>结果保存到</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Sign out</source>
        <translation>退出登录</translation>
    </message>
    <message>
        <source>Server</source>
        <translation>服务器</translation>
    </message>
</context>
<context>
    <name>Preview</name>
    <message>
        <source>Columns</source>
        <translation>列</translation>
    </message>
    <message>
        <source>First rows</source>
        <translation>前几行</translation>
    </message>
    <message>
        <source>Take all proposals</source>
        <translation>采用全部建议</translation>
    </message>
    <message>
        <source>Looking at {name}…</source>
        <translation>正在查看 {name}…</translation>
    </message>
    <message>
        <source>{name} cannot be looked at.</source>
        <translation>无法查看 {name}。</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>值替换</translation>
    </message>
    <message>
        <source>Fixed values</source>
        <translation>固定值</translation>
    </message>
    <message>
        <source>sheets {names}</source>
        <translation>工作表 {names}</translation>
    </message>
    <message>
        <source>Required, but no column goes into {fields}. Choose one below, or give a fixed value.</source>
        <translation>必填字段{fields}没有对应的列。请在下面选择一列，或填写固定值。</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
</context>
<context>
    <name>Problems</name>
    <message>
        <source>Nobody answers at {server}. Check the network, or ask whether the server is running.</source>
        <translation>{server} 没有响应。请检查网络，或询问服务器是否在运行。</translation>
    </message>
    <message>
        <source>There is no computer named in {server}. Check the address.</source>
        <translation>找不到 {server} 中的主机名。请检查地址。</translation>
    </message>
    <message>
        <source>{server} does not answer in time.</source>
        <translation>{server} 响应超时。</translation>
    </message>
    <message>
        <source>{server} cannot work at the moment (status {status}).</source>
        <translation>{server} 暂时无法工作（状态 {status}）。</translation>
    </message>
    <message>
        <source>The system&apos;s proxy does not let us through to {server}. Check the proxy settings.</source>
        <translation>系统代理不允许连接 {server}。请检查代理设置。</translation>
    </message>
    <message>
        <source>The certificate of {server} is not trusted on this computer: {reason}. If your office has its own certificate authority, choose its file.</source>
        <translation>本机不信任 {server} 的证书：{reason}。如果单位有自己的证书颁发机构，请选择其证书文件。</translation>
    </message>
    <message>
        <source>{server} sends us to {location}. Enter that address instead.</source>
        <translation>{server} 转到了 {location}。请改用该地址。</translation>
    </message>
    <message>
        <source>Something answers at {server}, but it is not Tasktray. Check the address.</source>
        <translation>{server} 有响应，但不是任务台。请检查地址。</translation>
    </message>
    <message>
        <source>“{server}” is no address of a server. It looks like https://tasks.example.com.</source>
        <translation>“{server}”不是服务器地址。正确的形式如 https://tasks.example.com。</translation>
    </message>
    <message>
        <source>Please sign in again.</source>
        <translation>请重新登录。</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>已停止。</translation>
    </message>
    <message>
        <source>Another connection is still sending {name}.</source>
        <translation>另一个连接仍在发送 {name}。</translation>
    </message>
    <message>
        <source>{name} did not arrive as it was sent, several times.</source>
        <translation>{name} 多次传送后内容仍与原文件不符。</translation>
    </message>
    <message>
        <source>{name} did not come as the server has it. Try again.</source>
        <translation>{name} 下载的内容与服务器上的不符。请重试。</translation>
    </message>
    <message>
        <source>{name} is no longer there ({path}).</source>
        <translation>{name} 已不存在（{path}）。</translation>
    </message>
    <message>
        <source>{name} cannot be read: {reason}.</source>
        <translation>无法读取 {name}：{reason}。</translation>
    </message>
    <message>
        <source>{name} was changed after it was chosen. Delete this entry and choose the file again.</source>
        <translation>{name} 在选定之后被修改过。请删除此项并重新选择文件。</translation>
    </message>
    <message>
        <source>{name} cannot be written: {reason}.</source>
        <translation>无法写入 {name}：{reason}。</translation>
    </message>
    <message>
        <source>The disk with {path} is full.</source>
        <translation>{path} 所在的磁盘已满。</translation>
    </message>
    <message>
        <source>The certificate file {path} cannot be used: {reason}.</source>
        <translation>证书文件 {path} 无法使用：{reason}。</translation>
    </message>
    <message>
        <source>This was prepared too long ago to be sure that it has not run already. Check the queue, then delete it or submit it anew.</source>
        <translation>此项准备得太久，无法确定是否已经执行过。请查看队列，然后删除它或重新提交。</translation>
    </message>
    <message>
        <source>Something went wrong ({code}).</source>
        <translation>出错了（{code}）。</translation>
    </message>
    <message>
        <source>Try again in {wait}.</source>
        <translation>请在 {wait}后重试。</translation>
    </message>
    <message>
        <source>Something unexpected went wrong ({name}). The log has the details.</source>
        <translation>发生意外错误（{name}）。详情见日志。</translation>
    </message>
</context>
<context>
    <name>Queue</name>
    <message>
        <source>Nothing here</source>
        <translation>这里没有内容</translation>
    </message>
    <message>
        <source>No job fits the filter and the search.</source>
        <translation>没有符合筛选和搜索条件的任务。</translation>
    </message>
    <message>
        <source>Show all jobs</source>
        <translation>显示全部任务</translation>
    </message>
    <message>
        <source>Reading the jobs…</source>
        <translation>正在读取任务…</translation>
    </message>
    <message>
        <source>Drop a workbook here</source>
        <translation>把工作簿拖到这里</translation>
    </message>
    <message>
        <source>Excel, OpenDocument or CSV. It is imported in the background,
and you can go on working meanwhile.</source>
        <translation>支持 Excel、OpenDocument 和 CSV。导入在后台进行，
您可以继续做别的事。</translation>
    </message>
    <message>
        <source>Choose files…</source>
        <translation>选择文件…</translation>
    </message>
</context>
<context>
    <name>QueueTable</name>
    <message>
        <source>Jobs</source>
        <translation>任务</translation>
    </message>
</context>
<context>
    <name>Reading</name>
    <message>
        <source>Sheet</source>
        <translation>工作表</translation>
    </message>
    <message>
        <source>Header row</source>
        <translation>表头行</translation>
    </message>
    <message>
        <source>Encoding</source>
        <translation>编码</translation>
    </message>
    <message>
        <source>Delimiter</source>
        <translation>分隔符</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>{found} (automatic)</source>
        <translation>{found}（自动）</translation>
    </message>
    <message>
        <source>automatic</source>
        <translation>自动</translation>
    </message>
</context>
<context>
    <name>Remembering</name>
    <message>
        <source>Remember for files with this header:</source>
        <translation>记住此表头的对应方式：</translation>
    </message>
    <message>
        <source>for me</source>
        <translation>仅自己使用</translation>
    </message>
    <message>
        <source>for everybody</source>
        <translation>所有人共用</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>不再记住</translation>
    </message>
    <message>
        <source>Mapped as the import whose rejected rows these are.</source>
        <translation>已沿用原导入任务的对应方式。</translation>
    </message>
    <message>
        <source>Mapped like a file with a similar header, {time}. Please look at it.</source>
        <translation>已参照 {time} 表头相近的文件，请核对。</translation>
    </message>
    <message>
        <source>Mapped as you did last time, {time}.</source>
        <translation>已沿用您 {time} 的对应方式。</translation>
    </message>
    <message>
        <source>Mapped as {name} has shared it, {time}.</source>
        <translation>已沿用{name}于 {time} 共享的对应方式。</translation>
    </message>
</context>
<context>
    <name>Schedules</name>
    <message>
        <source>Broken: {reason}</source>
        <translation>已失效：{reason}</translation>
    </message>
    <message>
        <source>On</source>
        <translation>启用</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>停用</translation>
    </message>
    <message>
        <source>by hand</source>
        <translation>手动</translation>
    </message>
    <message>
        <source>never</source>
        <translation>从未</translation>
    </message>
    <message>
        <source>job deleted</source>
        <translation>任务已删除</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>标题</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>When</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Next due</source>
        <translation>下次执行</translation>
    </message>
    <message>
        <source>Last firing</source>
        <translation>上次执行</translation>
    </message>
    <message>
        <source>Last job</source>
        <translation>上次结果</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Change schedule</source>
        <translation>修改计划</translation>
    </message>
    <message>
        <source>New schedule</source>
        <translation>新建计划</translation>
    </message>
    <message>
        <source>Show what holds now</source>
        <translation>查看当前内容</translation>
    </message>
    <message>
        <source>What becomes of due times that passed while the system was not running</source>
        <translation>系统未运行期间错过的执行时间如何处理</translation>
    </message>
    <message>
        <source>High</source>
        <translation>高</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>普通</translation>
    </message>
    <message>
        <source>Low</source>
        <translation>低</translation>
    </message>
    <message>
        <source>It is on</source>
        <translation>启用</translation>
    </message>
    <message>
        <source>Time zone</source>
        <translation>时区</translation>
    </message>
    <message>
        <source>Missed times</source>
        <translation>错过的时间</translation>
    </message>
    <message>
        <source>Priority</source>
        <translation>优先级</translation>
    </message>
    <message>
        <source>What the jobs do</source>
        <translation>任务内容</translation>
    </message>
    <message>
        <source>An interval is the same in every time zone.</source>
        <translation>间隔在任何时区都一样。</translation>
    </message>
    <message>
        <source>Somebody has changed this schedule meanwhile. Save again to put what stands here in its place, or look at what holds now.</source>
        <translation>此计划已被他人修改。再次保存将以此处内容取代，也可先查看当前内容。</translation>
    </message>
    <message>
        <source>Schedules</source>
        <translation>计划任务</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>New…</source>
        <translation>新建…</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>修改…</translation>
    </message>
    <message>
        <source>Turn off</source>
        <translation>停用</translation>
    </message>
    <message>
        <source>Run now</source>
        <translation>立即运行</translation>
    </message>
    <message>
        <source>Show last job</source>
        <translation>查看上次任务</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message>
        <source>Turn on</source>
        <translation>启用</translation>
    </message>
    <message>
        <source>“{title}” makes no jobs: {reason}</source>
        <translation>“{title}”不再产生任务：{reason}</translation>
    </message>
    <message>
        <source>Delete the schedule “{title}”?</source>
        <translation>删除计划“{title}”？</translation>
    </message>
    <message>
        <source>Jobs that it has made stay in the list.</source>
        <translation>它已产生的任务会保留在列表中。</translation>
    </message>
    <message>
        <source>“{title}” runs now, beside its due times.</source>
        <translation>“{title}”现在运行一次，不影响原定时间。</translation>
    </message>
</context>
<context>
    <name>SideBar</name>
    <message>
        <source>All jobs</source>
        <translation>全部任务</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Succeeded</source>
        <translation>成功</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>Outbox</source>
        <translation>发件箱</translation>
    </message>
    <message>
        <source>Monitor</source>
        <translation>监控</translation>
    </message>
    <message>
        <source>Schedules</source>
        <translation>计划任务</translation>
    </message>
    <message>
        <source>Filter by state</source>
        <translation>按状态筛选</translation>
    </message>
</context>
<context>
    <name>SignIn</name>
    <message>
        <source>Sign in</source>
        <translation>登录</translation>
    </message>
    <message>
        <source>Sign in to Tasktray</source>
        <translation>登录任务台</translation>
    </message>
    <message>
        <source>Server</source>
        <translation>服务器</translation>
    </message>
    <message>
        <source>User name</source>
        <translation>用户名</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>密码</translation>
    </message>
    <message>
        <source>only if your office has its own</source>
        <translation>仅在单位使用自己的证书时填写</translation>
    </message>
    <message>
        <source>Choose a file</source>
        <translation>选择文件</translation>
    </message>
    <message>
        <source>Certificate</source>
        <translation>证书</translation>
    </message>
    <message>
        <source>Stay signed in on this computer</source>
        <translation>在本机保持登录</translation>
    </message>
    <message>
        <source>This computer has no keyring for secrets, so you will be asked again next time.</source>
        <translation>本机没有可用的密钥环，因此下次需要重新输入密码。</translation>
    </message>
    <message>
        <source>Use the system on this computer</source>
        <translation>使用本机的系统</translation>
    </message>
    <message>
        <source>Work offline</source>
        <translation>离线工作</translation>
    </message>
    <message>
        <source>Certificate authority</source>
        <translation>证书颁发机构</translation>
    </message>
    <message>
        <source>Certificates (*.pem *.crt *.cer);;All files (*)</source>
        <translation>证书 (*.pem *.crt *.cer);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Signing in…</source>
        <translation>正在登录…</translation>
    </message>
</context>
<context>
    <name>State</name>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Succeeded</source>
        <translation>成功</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>Not sent yet</source>
        <translation>尚未发送</translation>
    </message>
    <message>
        <source>Sending</source>
        <translation>发送中</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>被拒绝</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>正在停止</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>{user} at {server}</source>
        <translation>{user}，{server}</translation>
    </message>
</context>
<context>
    <name>Submit</name>
    <message>
        <source>Normal</source>
        <translation>普通</translation>
    </message>
    <message>
        <source>High</source>
        <translation>高</translation>
    </message>
    <message>
        <source>Low</source>
        <translation>低</translation>
    </message>
    <message>
        <source>New job</source>
        <translation>新建任务</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Choose a folder: all files in it and in its folders</source>
        <translation>选择文件夹：包括其中及子文件夹里的所有文件</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <source>What to do</source>
        <translation>任务类型</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>标题</translation>
    </message>
    <message>
        <source>Priority</source>
        <translation>优先级</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Go on in the background</source>
        <translation>在后台继续</translation>
    </message>
    <message>
        <source>Submit</source>
        <translation>提交</translation>
    </message>
    <message>
        <source>Choose files…</source>
        <translation>选择文件…</translation>
    </message>
    <message>
        <source>Fitting files ({patterns})</source>
        <translation>适用的文件 ({patterns})</translation>
    </message>
    <message>
        <source>Choose files</source>
        <translation>选择文件</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>选择文件夹</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>所有文件 (*)</translation>
    </message>
    <message>
        <source>There is nothing that can be done with {names}.</source>
        <translation>没有可以处理 {names} 的任务类型。</translation>
    </message>
    <message>
        <source>What can be done is not known yet: the server has never been reached.</source>
        <translation>还从未连上服务器，不知道能做什么。</translation>
    </message>
    <message>
        <source>Cannot be submitted like this, see above.</source>
        <translation>这样无法提交，原因见上方。</translation>
    </message>
    <message>
        <source>No file is ticked.</source>
        <translation>没有勾选任何文件。</translation>
    </message>
    <message>
        <source>The server is away: this is kept in the outbox and sent when it is back.</source>
        <translation>服务器不在线：将存入发件箱，恢复后自动发送。</translation>
    </message>
    <message>
        <source>Choose a file first.</source>
        <translation>请先选择文件。</translation>
    </message>
    <message>
        <source>{names} is no longer there.</source>
        <translation>{names} 已不存在。</translation>
    </message>
    <message>
        <source>Sending…</source>
        <translation>正在发送…</translation>
    </message>
    <message>
        <source>It is not known when this starts.</source>
        <translation>开始时间未知。</translation>
    </message>
    <message>
        <source>Starts at once</source>
        <translation>马上开始</translation>
    </message>
    <message>
        <source>Starts in about {time}</source>
        <translation>约 {time}后开始</translation>
    </message>
    <message>
        <source>, takes about {time}</source>
        <translation>，预计用时 {time}</translation>
    </message>
    <message>
        <source>not there</source>
        <translation>不存在</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>There are no files in {folder} that this can be done with.</source>
        <translation>“{folder}”中没有可用于此操作的文件。</translation>
    </message>
    <message>
        <source>There are more than {limit} files in {folder}. Choose a smaller folder, or some of its files.</source>
        <translation>“{folder}”中的文件超过 {limit} 个，请选择较小的文件夹或其中部分文件。</translation>
    </message>
    <message>
        <source>{folder} cannot be read: {reason}</source>
        <translation>无法读取“{folder}”：{reason}</translation>
    </message>
</context>
<context>
    <name>Undo</name>
    <message>
        <source>Take back</source>
        <translation>撤销导入</translation>
    </message>
    <message>
        <source>Take back the import “{title}”?</source>
        <translation>确定撤销导入“{title}”吗？</translation>
    </message>
    <message>
        <source>It can be taken back until {time}, once.</source>
        <translation>在 {time} 之前可以撤销，仅限一次。</translation>
    </message>
</context>
<context>
    <name>Values</name>
    <message>
        <source>Field</source>
        <translation>字段</translation>
    </message>
    <message>
        <source>Value in the file</source>
        <translation>文件中的值</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>Stands for</source>
        <translation>替换为</translation>
    </message>
    <message>
        <source>Proposed</source>
        <translation>建议</translation>
    </message>
    <message>
        <source>Field without a column</source>
        <translation>没有对应列的字段</translation>
    </message>
    <message>
        <source>Value in every row</source>
        <translation>每行统一取值</translation>
    </message>
    <message>
        <source>as in another file</source>
        <translation>与其他文件相同</translation>
    </message>
    <message>
        <source>by its meaning</source>
        <translation>含义相同</translation>
    </message>
    <message>
        <source>similar word</source>
        <translation>写法相近</translation>
    </message>
    <message>
        <source>by its place in the order</source>
        <translation>根据排列次序</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>是</translation>
    </message>
    <message>
        <source>no</source>
        <translation>否</translation>
    </message>
    <message>
        <source>– rejected –</source>
        <translation>– 不合格 –</translation>
    </message>
    <message>
        <source>– empty –</source>
        <translation>– 空 –</translation>
    </message>
</context>
<context>
    <name>When</name>
    <message>
        <source>Choose a day at least.</source>
        <translation>请至少选择一天。</translation>
    </message>
    <message>
        <source>At intervals</source>
        <translation>按间隔</translation>
    </message>
    <message>
        <source>Every hour</source>
        <translation>每小时</translation>
    </message>
    <message>
        <source>Every day</source>
        <translation>每天</translation>
    </message>
    <message>
        <source>Every week</source>
        <translation>每周</translation>
    </message>
    <message>
        <source>Every month</source>
        <translation>每月</translation>
    </message>
    <message>
        <source>By a cron expression</source>
        <translation>按 cron 表达式</translation>
    </message>
    <message>
        <source>When</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Interval</source>
        <translation>间隔</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>单位</translation>
    </message>
    <message>
        <source>Minute</source>
        <translation>分钟</translation>
    </message>
    <message>
        <source>at minute</source>
        <translation>在第几分钟</translation>
    </message>
    <message>
        <source>at</source>
        <translation>于</translation>
    </message>
    <message>
        <source>Day of the month</source>
        <translation>每月几号</translation>
    </message>
    <message>
        <source>on day</source>
        <translation>日期</translation>
    </message>
    <message>
        <source>Cron expression</source>
        <translation>cron 表达式</translation>
    </message>
    <message>
        <source>minute hour day month weekday, e.g. 30 8 * * 1-5</source>
        <translation>分 时 日 月 星期，例如 30 8 * * 1-5</translation>
    </message>
    <message>
        <source>Time of day</source>
        <translation>时刻</translation>
    </message>
    <message>
        <source>(months without that day are left out)</source>
        <translation>（没有这一天的月份会跳过）</translation>
    </message>
    <message>
        <source>Monday</source>
        <translation>周一</translation>
    </message>
    <message>
        <source>Tuesday</source>
        <translation>周二</translation>
    </message>
    <message>
        <source>Wednesday</source>
        <translation>周三</translation>
    </message>
    <message>
        <source>Thursday</source>
        <translation>周四</translation>
    </message>
    <message>
        <source>Friday</source>
        <translation>周五</translation>
    </message>
    <message>
        <source>Saturday</source>
        <translation>周六</translation>
    </message>
    <message>
        <source>Sunday</source>
        <translation>周日</translation>
    </message>
    <message>
        <source>days</source>
        <translation>天</translation>
    </message>
    <message>
        <source>hours</source>
        <translation>小时</translation>
    </message>
    <message>
        <source>minutes</source>
        <translation>分钟</translation>
    </message>
    <message>
        <source>seconds</source>
        <translation>秒</translation>
    </message>
    <message>
        <source>Leave them out</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Make up for all of them once</source>
        <translation>合并补做一次</translation>
    </message>
    <message>
        <source>Make up for each of them</source>
        <translation>逐次补做</translation>
    </message>
    <message>
        <source>Every hour at minute {minute}</source>
        <translation>每小时第 {minute} 分</translation>
    </message>
    <message>
        <source>Every day at {time}</source>
        <translation>每天 {time}</translation>
    </message>
    <message>
        <source>{days} at {time}</source>
        <translation>{days} {time}</translation>
    </message>
    <message>
        <source>On day {day} of every month at {time}</source>
        <translation>每月 {day} 日 {time}</translation>
    </message>
    <message>
        <source>Monday to Friday</source>
        <translation>周一至周五</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>Every minute</source>
        <translation>每分钟</translation>
    </message>
    <message>
        <source>Every {number} minutes by the clock</source>
        <translation>整点起每 {number} 分钟</translation>
    </message>
    <message>
        <source>Every {number} hours by the clock</source>
        <translation>零点起每 {number} 小时</translation>
    </message>
    <message>
        <source>cron {expression}</source>
        <translation>cron {expression}</translation>
    </message>
</context>
</TS>
