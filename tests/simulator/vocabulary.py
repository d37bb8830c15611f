"""Words the simulator draws from: invented people, companies, titles, memos and channels.

Company names are made of fantasy stems so that none is a real firm; every mail domain lies under
example.jp or example.com, which are reserved for examples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Japanese/romaji pairs of a text, one per word."""
    return tuple((word.partition("/")[0], word.partition("/")[2]) for word in text.split())


# Kanji beyond JIS X 0208 (髙 﨑 德) stand here on purpose: cp932 can write them, `shift_jis` not.
SURNAMES: Final = _pairs(
    """
    佐藤/sato 鈴木/suzuki 髙橋/takahashi 田中/tanaka 伊藤/ito 渡邊/watanabe 山本/yamamoto
    中村/nakamura 小林/kobayashi 加藤/kato 吉田/yoshida 山田/yamada 佐々木/sasaki
    山口/yamaguchi 松本/matsumoto 井上/inoue 木村/kimura 林/hayashi 斎藤/saito 清水/shimizu
    山﨑/yamazaki 森/mori 池田/ikeda 橋本/hashimoto 阿部/abe 石川/ishikawa 山下/yamashita
    中島/nakajima 石井/ishii 小川/ogawa 前田/maeda 岡田/okada 長谷川/hasegawa 藤田/fujita
    後藤/goto 近藤/kondo 村上/murakami 遠藤/endo 青木/aoki 坂本/sakamoto 德永/tokunaga
    福田/fukuda 太田/ota 西村/nishimura 藤井/fujii 金子/kaneko 岡本/okamoto 藤原/fujiwara
    三浦/miura 中野/nakano 原田/harada 松田/matsuda
    """
)
GIVEN_NAMES: Final = _pairs(
    """
    太郎/taro 花子/hanako 健/ken 美咲/misaki 翔太/shota 陽子/yoko 大輔/daisuke 恵/megumi
    誠/makoto 由美/yumi 拓也/takuya 直美/naomi 浩二/koji 真由/mayu 和也/kazuya 愛/ai
    学/manabu 香織/kaori 隆/takashi 智子/tomoko 亮/ryo 裕子/yuko 剛/tsuyoshi 沙織/saori
    徹/toru 彩/aya 悟/satoru 瞳/hitomi 修/osamu 千尋/chihiro 潤/jun 奈々/nana 光/hikaru
    理恵/rie 進/susumu 久美/kumi 豊/yutaka 舞/mai
    """
)
# What the company asked its phone system to listen for, and how often it is said.
KEYWORDS: Final = (
    ("料金", 0.34), ("導入事例", 0.26), ("デモ", 0.22), ("予算", 0.15), ("競合", 0.1), ("セキュリティ", 0.07),
)  # fmt: skip
COMPANY_STEMS: Final = _pairs(
    """
    ソラマメ/soramame ミズカガミ/mizukagami カゼマチ/kazemachi ホシクズ/hoshikuzu
    ツキノワ/tsukinowa アメフリ/amefuri ユキドケ/yukidoke コモレビ/komorebi
    ナギサ堂/nagisado ヒナタボコ/hinataboko アサツユ/asatsuyu ヨイヤミ/yoiyami
    トオリアメ/toriame シオカゼ堂/shiokazedo ヤマビコ舎/yamabikosha カワセミ堂/kawasemido
    ハナイカダ/hanaikada クモノミネ/kumonomine オボロ月/oborozuki ミナカミ舎/minakamisha
    ヒグラシ/higurashi スズムシ堂/suzumushido ユウナギ/yunagi アサギリ舎/asagirisha
    フタバ星/futababoshi ムギワラ/mugiwara ワタゲ/watage コハルビ/koharubi
    サザナミ舎/sazanamisha ホタルビ/hotarubi
    """
)
TRADES: Final = (
    "工業",
    "物流",
    "商事",
    "精機",
    "食品",
    "建設",
    "電子",
    "システム",
    "薬品",
    "印刷",
    "運輸",
    "産業",
)
INDUSTRIES: Final = ("製造", "物流", "卸売", "建設", "IT", "食品", "サービス", "医薬")
COMPANY_FORMS: Final = ("株式会社{}", "{}株式会社", "㈱{}", "（株）{}", "{}(株)", "株式会社 {}")

# Title and its share.
TITLES: Final = (
    ("代表取締役", 0.04),
    ("取締役", 0.04),
    ("執行役員", 0.04),
    ("情報システム部 部長", 0.10),
    ("経理部長", 0.09),
    ("総務部 課長", 0.14),
    ("情報システム課長", 0.10),
    ("係長", 0.08),
    ("主任", 0.10),
    ("担当", 0.17),
    ("", 0.07),
    ("ＤＸ推進室　室長", 0.03),
)
TITLE_MAP: Final = (
    # match, value, is_key_person; 室長 is left out on purpose: an unknown title
    ("contains", "代表取締役", True),
    ("contains", "取締役", True),
    ("contains", "執行役員", True),
    ("contains", "部長", True),
    ("contains", "課長", True),
    ("contains", "係長", False),
    ("contains", "主任", False),
    ("exact", "担当", False),
)


@dataclass(frozen=True)
class Channel:
    """A way leads come in, and how good they really are."""

    key: str
    lead_source: str | None
    motion: str
    share: float  # of all new leads
    reach: float  # multiplies the chance that the right person comes to the phone
    intent: float  # multiplies the chance of a meeting once spoken to
    fit: float  # multiplies the chance that field sales accepts
    wrong_number: float
    utm: tuple[str, str, str] | None = None  # source, medium, campaign


CHANNELS: Final = (
    Channel("web_form", "Web", "sdr", 0.15, 1.20, 1.50, 1.15, 0.02, ("google", "organic", "")),
    Channel("ads", "Web", "sdr", 0.13, 1.05, 1.00, 0.90, 0.03, ("google", "cpc", "brand_{month}")),
    Channel("download", "資料ダウンロード", "sdr", 0.10, 1.00, 0.75, 0.90, 0.04),
    Channel("webinar", "ウェビナー", "sdr", 0.13, 1.05, 1.05, 1.05, 0.02),
    Channel("exhibition", "展示会", "sdr", 0.10, 0.90, 0.70, 0.85, 0.03),
    Channel("seminar", "セミナー", "sdr", 0.04, 1.10, 1.20, 1.10, 0.02),
    Channel("referral", "紹介", "sdr", 0.02, 1.40, 2.20, 1.40, 0.01),
    Channel("untagged", None, "sdr", 0.02, 0.95, 0.80, 0.90, 0.04),
    Channel("odd_source", "その他・不明", "sdr", 0.02, 0.95, 0.80, 0.90, 0.04),
    Channel("outbound_list", "ターゲットリスト", "bdr", 0.20, 1.00, 0.85, 1.10, 0.04),
    Channel("bought_list", "購入リスト", "bdr", 0.09, 0.35, 0.40, 0.70, 0.30),
)


def alike(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """The same channels, none better than another."""
    return tuple(
        replace(channel, reach=1.0, intent=1.0, fit=1.0, wrong_number=0.03) for channel in channels
    )


# The memos of 応対メモ and 「コール結果」 the company uses, and what planning says they mean.
# 要フォロー and メモ have no row on purpose: unmapped values.
DISPOSITIONS: Final = (
    # value, canonical, rank
    ("アポ獲得", "meeting_set", 1),
    ("担当者接続", "connected", 2),
    ("再架電依頼", "callback_requested", 3),
    ("お断り", "not_interested", 4),
    ("架電禁止", "do_not_call", 5),
    ("受付ブロック", "gatekeeper", 6),
    ("伝言", "left_live_message", 7),
    ("番号違い", "wrong_number", 8),
    ("留守電", "left_voicemail", 9),
    ("話中", "busy", 10),
    ("不在", "no_answer", 11),
    ("資料送付済み", "other", 12),
)
UNMAPPED_MEMOS: Final = ("要フォロー", "メモ")
SYSTEM_TAGS: Final = ("自動要約あり", "話速:速い")

MOTIONS: Final = ("sdr", "bdr", "field_sales", "manager", "other")
