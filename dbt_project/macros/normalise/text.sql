{#
    One spelling for texts that people typed on Japanese keyboards. DuckDB has no NFKC: this is its part
    that business texts meet (full-width ASCII and space, half-width kana with their voicing marks,
    ①–⑨, ㈱, ㈲), and 〜 − ∥, of which Shift JIS and cp932 make different characters (formats 6.1.4);
    Python's unicodedata is the test oracle over exactly that alphabet.
    translate() builds its table per row, so only texts that hold such a character pay for it.
#}
{% macro fold_width(text) -%}
    case
        when regexp_matches({{ text }}, '[！-･ｦ-ﾟ￠-￥　①-⑨㈱㈲〜−∥]') then
            nfc_normalize(replace(replace(translate(
                {{ text }},
                '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～〜−∥　￠￡￢￥｡｢｣､･①②③④⑤⑥⑦⑧⑨'
                || 'ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ',
                '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~~-‖ ¢£¬¥。「」、・123456789'
                || 'ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゙゚'
            ), '㈱', '(株)'), '㈲', '(有)'))
        else {{ text }}
    end
{%- endmacro %}


{#
    How two spellings of one label are compared: folded, trimmed, one space, lower case, without the
    apostrophe that keeps a spreadsheet from calculating (formats 6.1.6).
#}
{% macro match_key(text) -%}
    rtrim(ltrim(regexp_replace(lower({{ fold_width(text) }}), '\s+', ' ', 'g'), ' '''))
{%- endmacro %}


{# `text in (…)` as a look into a constant list: the engine would join longer lists, a join per column. #}
{% macro is_one_of(text, values) -%}
    list_contains([{% for value in values %}{{ literal(value) }}{{ ', ' if not loop.last }}{% endfor %}], {{ text }})
{%- endmacro %}
