"""Headings and fixed words of reports in the languages that they are written in.

What data hold stays as it is; of a question its parts are named, and their values are as they were written.

Tested by `tests/saas/paper/test_words.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from stcloud.errors import InvalidInput

__all__ = ["LANGUAGES", "Language", "PaperWords"]

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_CHINESE = {
    # the page
    "Report": "报告", "Weekly report": "周报", "Monthly evaluation": "月度评价", "Class in focus": "专题分析",
    "Skip to the figures": "跳到图表", "Contents": "目录", "Question": "问题", "Method": "方法说明",
    "Table": "数据表", "Command": "命令", "Left out": "未列出", "City": "城市",
    "known at {instant}": "截至 {instant} 已知", "times are of the zone {zone}": "时间为时区 {zone}",
    "The whole report again": "重新生成本报告", "In Python": "Python 写法",
    "Shell": "命令行",
    # parts of a question
    "layer": "图层", "what": "什么", "where": "哪里", "when": "何时", "recurring": "重复时间", "as of": "有效时刻",
    "relation": "时间关系", "grid at": "网格时刻", "of the group": "分组", "as seen from": "相对时刻", "evaluated": "评价对象", "lateness": "滞后",
    "known at": "已知时刻", "by": "分组依据", "measured": "度量", "compared with": "对比",
    "all": "全部", "the period before": "上一时段", "the same period a year earlier": "上年同期",
    # sections
    "Overview": "概览", "The question itself": "问题本身", "Course over time": "时间变化",
    "Days and hours": "日期与时刻", "Areas": "区域", "Cells": "网格", "Hot spots": "热点", "Kinds": "类别",
    "Evaluation": "评价", "Time to close": "处置时长", "Data quality": "数据质量",
    # figures
    "Number in the period and in the one before": "本时段与上一时段数量", "Number in the period": "时段内数量",
    "By {bin}, and in the period before": "按{bin}，与上一时段对比", "By {bin}": "按{bin}",
    "By {bin}, and a year earlier": "按{bin}，与上年同期对比",
    "By day of the week and hour": "按星期与时刻", "By day, in weeks": "按日（以周排列）",
    "By area of {layer}": "按 {layer} 区域", "By cell": "按网格",
    "What is reported most": "最多的类别", "Hot and cold cells": "冷热网格", "By {group}": "按 {group}",
    "Days until closed, by {group}": "处置天数，按{group}", "Hours until closed, by {group}": "处置小时，按{group}",
    "Days until closed": "处置天数",
    "How good the rows of layer {layer} are": "图层 {layer} 的数据质量",
    "Rates of {name} by {group}, {period}": "{name} 指标，按{group}，{period}",
    # bins and groups
    "hour": "小时", "day": "日", "week": "周", "month": "月", "quarter": "季度", "year": "年", "weekday": "星期",
    "hour_of_day": "时刻", "unit": "单元网格", "community": "社区", "street": "街道", "district": "区",
    "department": "部门", "class": "类别", "cell": "网格", "area": "区域",
    # fields of tables
    "count": "数量", "before": "对比时段", "change": "变化", "change in %": "变化 %", "other": "对比",
    "hot steps": "热点步数", "cold steps": "冷点步数", "rows": "行数", "unplaced": "无位置", "read": "读取",
    "rejected": "拒收", "rejected share": "拒收比例", "complete to": "完整至", "lateness in s": "滞后（秒）",
    "last load": "最近加载", "closed": "已结", "open": "未结", "median days": "中位天数",
    "90 of 100 within days": "九成在天数内", "median hours, closed cases": "中位小时（已结）",
    "median hours, open cases counted": "中位小时（含未结）", "none": "无", "cells": "网格数",
    "filed cases": "立案数", "handling rate": "处置率", "closing rate": "结案率",
    "on time closing rate": "按期结案率", "reported cases": "上报数", "average closing hours": "平均结案小时",
    "days": "天", "hours": "小时", "minutes": "分钟", "seconds": "秒", "numerator": "分子", "denominator": "分母", "number of cases": "案件数",
    # maps and charts
    "no value": "无数值", "not in the answer": "答案中没有", "area of the query": "查询范围",
    "{number} have no place": "{number} 个无位置", "the greatest are numbered": "最大者已编号", "north": "北",
    "fewer": "少", "more": "多",
    "this period": "本时段", "as shown": "如图", "the other": "对比值",
    "more than usual": "多于平常", "less than usual": "少于平常",
    # what is left out
    "features have no course over time": "要素图层没有随时间变化的数量",
    "the period has no two ends, so nothing is before it": "时段没有起止，无法与之前对比",
    "a year earlier layer {layer} had nothing": "上年同期图层 {layer} 没有数据",
    "its times have no hours": "时间不含时刻",
    "the period is shorter than two weeks": "时段短于两周",
    "the period is longer than two years": "时段超过两年",
    "no layer of areas was named, and the city has not one of communities alone: --areas LAYER":
        "未指定区域图层，且城市没有唯一的社区图层：--areas LAYER",
    "nothing has a place": "没有位置",
    "{number} groups are too many for a map; the first {shown} are shown": "{number} 组太多，只列前 {shown} 组",
    "no column of classes was named, and the definition of {layer} names none: --classes COLUMN":
        "未指定类别列，图层 {layer} 的定义也没有：--classes COLUMN",
    "no column of ends was named, and the definition of {layer} names none: --closed COLUMN":
        "未指定结束列，图层 {layer} 的定义也没有：--closed COLUMN",
    "nothing was closed": "没有已结的",
    "{layer} has no evaluation: it is no layer of cases, and the city has not one log alone: --log LOG":
        "{layer} 没有评价：不是案件图层，且城市没有唯一的案件日志：--log LOG",
    "an evaluation is of one month, quarter or year": "评价以一个月、季度或年为时段",
    "the period is too short for hot spots, which need {steps} steps": "时段太短，热点分析需要 {steps} 步",
    "no cell is hot or cold": "没有冷热网格", "nothing was found": "没有数据", "no rates were made": "没有指标",
    # method
    "Every number is an answer of stcloud as known at the instant named above; later loads do not change it.":
        "每个数字都是 stcloud 在上述已知时刻的答案；以后的加载不会改变它。",
    "Under each figure is the command that gives its numbers. The names of the city and its files are as they were typed.":
        "每个图下有得出其数字的命令。城市与文件名称如当时所输入。",
    "Periods are half-open: they end before the instant that is named last. Days and weeks are those of the city's clock.":
        "时段为半开区间，不含终点。日与周按城市当地时间。",
    "Areas are those that contained an event at its own time.": "区域为事件发生时所在的区域。",
    "Classes of maps and heat maps break where values differ most; the legend says how many areas each has.":
        "地图与热力图的分级在数值差异最大处断开；图例标出每级的区域数。",
    "Hot spots are cells whose neighbourhood is unusual by Getis and Ord's Gi*, corrected for the number of tests.":
        "热点为邻域异常的网格（Getis-Ord Gi*，按检验次数校正）。",
    "Times to close are of what is closed; half was closed within the median.": "处置时长只计已结者；半数在中位数内结束。",
    "The evaluation counts the cases of the whole of {name}, whatever else the question narrows.":
        "评价统计 {name} 的全部案件，不受问题其他条件限制。",
    "Lateness is the median time from an event to its first record.": "滞后为事件到首次记录的中位时间。",
    # weekdays
    "Mon": "周一", "Tue": "周二", "Wed": "周三", "Thu": "周四", "Fri": "周五", "Sat": "周六", "Sun": "周日",
}  # fmt: skip
"""Chinese words by the English ones."""


@dataclass(frozen=True, slots=True)
class PaperWords:
    """The words of a language.

    Raises
    ------
    InvalidInput
        ``unknown-language``.

    Examples
    --------
    >>> PaperWords("zh").text("By {bin}", bin="日")
    '按日'
    >>> PaperWords().text("By {bin}", bin="day")
    'By day'
    """

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise InvalidInput(
                "unknown-language", f"a report is not written in '{self.language}'",
                hint=f"use {' or '.join(LANGUAGES)}",
            )  # fmt: skip

    def text(self, english: str, **values: object) -> str:
        """Return a heading or fixed words with values put in; what is not known stays as it is, unformatted."""
        if english not in _CHINESE:
            return english
        pattern = _CHINESE[english] if self.language == "zh" else english
        return pattern.format(**{name: str(value) for name, value in values.items()}) if values else pattern

    def known(self) -> tuple[str, ...]:
        """Return the English words that have others in this language."""
        return tuple(_CHINESE) if self.language == "zh" else ()
