#!/usr/bin/env python3
"""Writes the cases of JinjaCasesTest: templates with the text or the error of Python's jinja2 3.1.

Usage: python3 tools/jinja_cases.py > engine/src/test/resources/dev/mimic/engine/jinja/cases.json
The environment is set up as transformers does it for chat templates.
"""

import json
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_run"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _run(self, context, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


ENVIRONMENT = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
ENVIRONMENT.filters["tojson"] = tojson
ENVIRONMENT.globals["raise_exception"] = raise_exception

VARIABLES = {
    "none_value": None, "yes": True, "no": False, "one": 1, "big": 12345678901234567890123, "pi": 3.14159, "minus": -7,
    "text": "Hello World", "empty": "", "blank": "  padded\t\n", "umlaut": "Grüße, ÄÖÜ ß", "emoji": "a😀b👍🏽c",
    "lines": "first\nsecond\r\nthird\n\nfifth", "quotes": "it's \"so\"", "html": "<a href='x'>&\"</a>",
    "list": [3, 1, 2], "words": ["banana", "apple", "Cherry", "apple"], "nested": [[1, 2], [3, [4, 5]]],
    "mixed": [1, "a", None, True, 2.5, {"k": "v"}], "nothing": [],
    "dict": {"b": 2, "a": 1, "C": 3}, "items": {"items": "shadow", "x": 1},
    "people": [
        {"name": "Ann", "age": 30, "city": "Rome", "tags": ["x", "y"]},
        {"name": "bob", "age": 25, "city": "paris", "tags": []},
        {"name": "Cid", "age": 30, "city": "Paris"},
        {"name": "dan", "age": 41, "city": "rome", "tags": ["y"], "boss": {"name": "Ann"}},
    ],
    "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>hm</think>Hello", "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": {"x": 1, "y": [1.5, None, True, "é"]}}}]},
        {"role": "user", "content": ["part", {"type": "text", "text": "two"}]},
    ],
    "tree": [{"v": 1, "c": [{"v": 2, "c": [{"v": 3, "c": []}]}, {"v": 4, "c": []}]}, {"v": 5, "c": []}],
}

EXPRESSIONS = r"""
1
-1
+1
- -1
1.0
1e3
1.5e-7
1E+2
1_000_000
0x1F
0o17
0b101
0xFf
12345678901234567890
9223372036854775807 + 1
-9223372036854775807 - 2
9223372036854775807 * 2
big + 1
big * big
big // 7
big % 7
-big // 7
big / 3
1e16
1e15
123456789012345680.0
0.0001
0.00001
1e22
1e100
5e-324
0.1 + 0.2
1/3
2/1
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
7.5 // 2
-7.5 // 2
-7.5 % 2
7.5 % -2
2 ** 10
2 ** -1
2 ** 0.5
-2 ** 2
2 ** 3 ** 2
2 ** 100
(-8) ** 2
0 ** 0
1 / 0
1 // 0
1 % 0
1.0 / 0
1.0 // 0
1.0 % 0
0 ** -1
10 ** 400 / 3
True + True
True * 5
not True
not not ''
yes and no
yes or no
'' or 'x'
'a' and 'b'
none_value or 0
0 and 1/0
1 or 1/0
'a' + 'b'
'a' + 1
1 + 'a'
'a' * 3
3 * 'ab'
'a' * -1
'a' * 2.0
[1] * 2
[1, 2] + [3]
(1, 2) + (3,)
(1,) * 3
[1] + (2,)
[] + 'a'
none_value + 1
'a' - 'b'
'a' ~ 1 ~ none_value ~ 2.0
1 ~ 2
'a' ~ missing ~ 'b'
-'a'
+'a'
-True
-none_value
1 == 1.0
1 == True
'1' == 1
1 != 2
[1, 2] == [1, 2]
[1, 2] == (1, 2)
(1, 2) == (1, 2)
{'a': 1} == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
none_value == none
1 < 2
1 < 2.5
'a' < 'b'
'a' < 'B'
'Z' < 'a'
'a' < 1
none_value < 1
[1, 2] < [1, 3]
[1] < [1, 0]
(1, 'a') < (1, 'b')
{'a': 1} < {'b': 1}
1 < 2 < 3
1 < 3 < 2
1 < 2 > 0
1 == 1 == 1
3 > 2 >= 2 != 1
'a' in 'abc'
'' in ''
'd' not in 'abc'
1 in [1, 2]
1.0 in [1, 2]
'a' in dict
'z' in dict
1 in 'abc'
'a' in none_value
1 in 5
3 in (1, 2, 3)
2 in range(3)
'x' in missing
missing in [1]
1 if yes else 2
1 if no else 2
1 if no
(1 if no) is defined
'a' if no else 'b' if no else 'c'
[1 if yes else 2, 3]
[]
[1, 2, 3]
[1, 2, 3,]
()
(1,)
(1, 2)
1, 2
{}
{'a': 1}
{'a': 1, 'b': [1, {'c': none}]}
{1: 'x', 2.5: 'y', none: 'z', true: 'w'}
{'a': 1, 'a': 2}
{1: 'a', 1.0: 'b', true: 'c'}
{1: 'a', true: 'b'}[1]
{[1]: 2}
{(1, 2): 3}
{(1, 2): 3}[(1, 2)]
'\n\t\\\'"'
"\x41\u00e9\U0001F600\101"
'\N{BULLET}'
'\q\ '
'a' 'b' "c"
'don\'t'
"say \"hi\""
'ümlaut'
list
dict
mixed
nested
people[0]
none_value
yes
pi
quotes
[quotes]
['it\'s']
['a\nb', 'tab\t', '\x00\x7f\x85\u200b', 'é', '😀']
['\\']
["'", '"', '\'"']
(none, true, 1.0, -0.0)
-0.0
missing
missing.attr
missing['x']
missing()
missing + 1
1 + missing
missing == missing
missing == none
missing == ''
missing < 1
not missing
missing | length
missing | list
missing ~ 'x'
[missing]
-missing
dict.a
dict.z
dict.z.y
dict['a']
dict['z']
dict.get('a')
dict.get('z')
dict.get('z', 5)
dict.get()
dict.get('a', 1, 2)
dict.items()
dict.keys()
dict.values()
dict.items() | list
dict.keys() | list
dict.values() | sum
dict.items
items.items
items['items']
items.x
dict.copy()
dict.update({'x': 1})
dict.pop('a')
dict.pop is defined
dict.setdefault('q', 1)
dict.clear()
dict.__class__
dict.__len__()
dict.fromkeys(['a', 'b'], 1)
dict.fromkeys('ab')
list[0]
list[-1]
list[5]
list[-5]
list['0']
list.0
nested.1.1.0
list[1.0]
list[true]
list.append(4)
list.sort()
list.count(1)
list.index(2)
list.index(9)
list.copy()
(1, 2, 1).count(1)
(1, 2).index(2)
text[0]
text[-1]
text[50]
text.0
text['upper']
text[0:5]
text[:5]
text[6:]
text[:]
text[::2]
text[::-1]
text[-5:-1]
text[5:1]
text[10:2:-3]
text[::0]
text[100:]
text[-100:3]
list[::-1]
list[1:]
list[:1]
list[::2]
list[:-1]
list[-1:]
(1, 2, 3)[1:]
(1, 2, 3)[::-1]
range(10)[2:8:2]
range(10)[::-1] | list
range(10)[3]
range(3)
range(1, 4)
range(0, 10, 3)
range(5, 0, -2) | list
range(0)
range()
range(1, 2, 0)
range(100001)
range('a')
range(3) | length
range(3) == range(0, 3)
messages[1:]
dict[1:2]
none_value[1:2]
emoji
emoji | length
emoji[1]
emoji[1:3]
emoji[::-1]
emoji | list
emoji | reverse
emoji.upper()
emoji.find('b')
emoji.index('c')
emoji.center(10, '😀')
umlaut.upper()
umlaut.lower()
umlaut.title()
umlaut.capitalize()
umlaut.swapcase()
umlaut.casefold()
'ﬁn ß'.upper()
'ß'.title()
'ΑΣ'.lower()
'ΑΣ ΑΣΑ'.title()
'ǆ'.title()
'ǆ'.capitalize()
'İ'.lower() | length
text.upper()
text.lower()
text.swapcase()
text.title()
'they\'re bill\'s friends-and foes'.title()
'hELLO wORLD'.capitalize()
blank.strip()
blank.lstrip()
blank.rstrip()
'xxhixx'.strip('x')
'abcba'.strip('ab')
'abcba'.lstrip('ab')
'abcba'.rstrip('ab')
'  a'.strip(none)
'\u00a0\u2003a\u200b'.strip()
'\x1ca\x1f'.strip()
'a,b,,c'.split(',')
'a,b,,c'.split(',', 1)
'a,b,,c'.rsplit(',', 1)
'a,b,,c'.split(',', maxsplit=2)
'a,b,,c'.split(sep=',')
'a b  c\td\n'.split()
'  a b  c '.split(none, 1)
'  a b  c '.rsplit(none, 1)
'  a b  c '.split(none, 0)
'  a b  c '.rsplit(none, 0)
'  a b  c '.split(' ')
'a b c d'.rsplit(maxsplit=2)
''.split()
''.split(',')
'abc'.split('')
'aaa'.split('aa')
'aaa'.rsplit('aa')
'<think>x</think>y'.split('</think>')[-1]
lines.splitlines()
lines.splitlines(true)
'a\x0bb\x0cc\x1cd\x85e\u2028f'.splitlines()
''.splitlines()
'\n'.splitlines()
text.startswith('Hello')
text.startswith('World')
text.startswith(('x', 'He'))
text.startswith('World', 6)
text.startswith('', 100)
text.startswith('', 11)
text.endswith('World')
text.endswith(('x', 'ld'))
text.endswith('Hello', 0, 5)
text.startswith(1)
text.replace('o', '0')
text.replace('o', '0', 1)
text.replace('', '-')
text.replace('', '-', 3)
text.replace('xyz', 'a')
'aaa'.replace('aa', 'b')
''.replace('', 'x')
text.find('o')
text.find('o', 5)
text.find('o', 5, 7)
text.find('zz')
text.find('')
text.find('', 20)
text.rfind('o')
text.rfind('')
text.index('W')
text.index('zz')
text.rindex('o')
text.count('o')
text.count('')
text.count('l', 4)
'aaaa'.count('aa')
','.join(['a', 'b'])
','.join('abc')
','.join([1, 2])
','.join(dict)
''.join([])
'ab'.center(7)
'ab'.center(8, '*')
'abc'.center(8, '*')
'abc'.center(2)
'ab'.center(7, '**')
'ab'.ljust(5) + '|'
'ab'.rjust(5, '.')
'42'.zfill(5)
'-42'.zfill(5)
'+4'.zfill(1)
'a\tb'.expandtabs()
'a\tbc\td'.expandtabs(4)
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('=')
'abc'.rpartition('=')
'TestHook'.removeprefix('Test')
'TestHook'.removesuffix('Hook')
'abc'.isalpha()
'abc1'.isalpha()
'é'.isalpha()
''.isalpha()
'123'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
'㊀'.isdigit()
'㊀'.isnumeric()
'፩①₉⁰'.isdigit()
'½'.isdigit()
'٣'.isdecimal()
'abc1'.isalnum()
' \t'.isspace()
''.isspace()
'abc'.islower()
'aBc'.islower()
'ABC1'.isupper()
'123'.isupper()
'Hello World'.istitle()
'Hello world'.istitle()
'abc'.isascii()
'é'.isascii()
'abc_1'.isidentifier()
'1abc'.isidentifier()
'ab\n'.isprintable()
'ab'.isprintable()
'{} {}'.format(1, 'a')
'{0} {1} {0}'.format('a', 'b')
'{a} {b.x}'.format(a=1, b={'x': 2})
'{a[x]} {b[0]}'.format(a={'x': 1}, b=[9])
'{!r} {!s}'.format('a', 'b')
'{{}} {}'.format(1)
'{:>5}|{:<5}|{:^5}|'.format('a', 'b', 'c')
'{:*^9}'.format('mid')
'{:05d}'.format(42)
'{:+d} {: d}'.format(4, 5)
'{:x} {:X} {:o} {:b} {:#x} {:#b}'.format(255, 255, 8, 5, 255, 5)
'{:,}'.format(1234567)
'{:_}'.format(1234567)
'{:,.2f}'.format(1234567.891)
'{:.3f} {:.0f} {:e} {:g} {:%}'.format(3.14159, 2.5, 12345.678, 0.00001234, 0.25)
'{:.2%}'.format(0.12345)
'{:10.3f}|'.format(3.14159)
'{:<10.3f}|'.format(3.14159)
'{:.2}'.format('abcdef')
'{:.3}'.format(3.14159)
'{:.3}'.format(1234567.0)
'{:.5}'.format(12.0)
'{}'.format(none)
'{:5}'.format(true)
'{:d}'.format(true)
'{:>{w}}'.format('a', w=4)
'{'.format(1)
'}'.format(1)
'{}'.format()
'{x}'.format()
'{} {0}'.format(1)
'{:z}'.format(1)
'{:d}'.format('a')
'{:s}'.format(1)
'{:d}'.format(1.5)
'{:c}'.format(97)
'{:n}'.format(5)
'{a}'.format_map({'a': 1})
'{0.__class__}'.format(1)
'%s' % 'a'
'%s %s' % ('a', 1)
'%d' % 3.7
'%d' % 'a'
'%5d|%-5d|%05d' % (1, 2, 3)
'%+d % d' % (1, 2)
'%x %X %o %#x' % (255, 255, 8, 255)
'%.2f %5.1f %e %g' % (3.14159, 2.25, 12345.678, 1e10)
'%g %g %g' % (100000.0, 1000000.0, 0.0001)
'%G %E' % (1e-10, 1.5)
'%#g' % 1.0
'%r' % 'a'
'%a' % 'é'
'%c%c' % ('a', 98)
'%%' % ()
'%' % ()
'%s' % ()
'%s' % (1, 2)
'%s' % [1, 2]
'%(a)s %(b)d' % {'a': 1, 'b': 2}
'%(z)s' % {'a': 1}
'%*d' % (5, 42)
'%.3s' % 'abcdef'
'%5s|%-5s|' % ('a', 'b')
'%q' % 1
'%s' % none
'%s' % missing
'%.0f %.0f %.0f' % (0.5, 1.5, 2.5)
'%i' % true
'%f' % 1e20
'%s' % 1.0
(255).bit_length()
(1.5).is_integer()
(2.0).is_integer()
one.real
none_value.x
none_value.x.y
text.foo
text.foo()
(1).foo
one.two.three
[1].foo
range
range.foo
namespace(a=1).a
namespace(a=1).b
namespace(a=1)['a']
namespace({'x': 2}, y=3).x
namespace(a=1)
dict(a=1)
cycler('a', 'b').next()
cycler()
raise_exception('boom')
raise_exception()
"""

FILTERS = r"""
-5 | abs
-5.5 | abs
'a' | abs
none_value | abs
people | map(attribute='name') | join(',')
people | attr('x')
text | attr('upper')
dict | attr('a')
range(7) | batch(3) | list
range(7) | batch(3, 'x') | list
[] | batch(2) | list
text | capitalize
1 | capitalize
'ab' | center(6)
'ab' | center
text | count
text | length
list | length
dict | length
1 | length
none_value | length
missing | default('d')
missing | d('d')
'' | default('d')
'' | default('d', true)
none_value | default('d')
none_value | default('d', boolean=true)
missing | default
0 | default(1, true)
dict | dictsort
dict | dictsort(true)
dict | dictsort(false, 'value')
dict | dictsort(by='value', reverse=true)
dict | dictsort(reverse=true)
dict | dictsort(by='x')
{'a': 'Z', 'b': 'y'} | dictsort(by='value')
{'b': 1, 2: 2} | dictsort
list | dictsort
html | escape
html | e
html | forceescape
html | escape | escape
html | e | forceescape
html | safe
html | safe | escape
(html | safe) + '<b>'
'<i>' + (html | safe)
('<a>' | safe) ~ '<b>'
['<a>' | safe] | join('<')
'<a>' | safe is escaped
'<a>' is escaped
('<a>' | safe) == '<a>'
('%s' | safe) % 'a'
1 | escape
10 | filesizeformat
1 | filesizeformat
1000 | filesizeformat
1500000 | filesizeformat
1024 | filesizeformat(true)
5e12 | filesizeformat(binary=true)
'x' | filesizeformat
list | first
[] | first
[] | first is defined
text | first
dict | first
5 | first
'3.7' | float
'abc' | float
'abc' | float(1.5)
3 | float
none_value | float
' 1e3 ' | float
'inf' | float
'-Infinity' | float
'nan' | float
'1_000.5' | float
true | float
missing | float
'%s is %d' | format('a', 3)
'%(x)s' | format(x=1)
'%s' | format
'%s' | format(1, x=2)
people | groupby('age')
people | groupby('city')
people | groupby('city') | map('first') | list
people | groupby('city', case_sensitive=true) | map(attribute='grouper') | list
people | groupby('boss.name', default='none') | map(attribute='0') | list
(people | groupby('age'))[0].grouper
(people | groupby('age'))[0].list | length
lines | indent
lines | indent(2)
lines | indent(2, true)
lines | indent(2, first=true, blank=true)
lines | indent('> ', blank=true)
lines | indent(width=3)
'' | indent
'a\n' | indent(2)
'a\n\nb' | indent(2)
1 | indent
'42' | int
'42.9' | int
'abc' | int
'abc' | int(7)
'ff' | int(base=16)
'0xff' | int(base=16)
'0xff' | int(0, 0)
'101' | int(0, 2)
'0b11' | int(base=2)
'1_000' | int
'1__0' | int
' 12 ' | int
'-5' | int
'+5' | int
'1e3' | int
3.99 | int
-3.99 | int
1e20 | int
none_value | int
true | int
'' | int
missing | int
'nan' | float | int
'٣' | int
'12345678901234567890123' | int
words | join(', ')
words | join
[1, none, 2.5] | join('-')
people | join(', ', attribute='name')
people | join(', ', 'city')
text | join('.')
dict | join(',')
missing | join(',')
5 | join(',')
words | join(1)
list | last
[] | last is defined
text | last
dict | last
5 | last
(words | map('upper')) | last
text | list
dict | list
5 | list
text | lower
true | lower
none_value | upper
dict | items | list
missing | items | list
list | items | list
words | map('upper') | list
words | map('replace', 'a', 'o') | list
words | map('length') | sum
people | map(attribute='tags') | list
people | map(attribute='tags', default=[]) | list
people | map(attribute='boss.name') | list
people | map(attribute='boss.name', default='-') | list
people | map('attr', 'name') | list
people | map(attribute='x', foo=1) | list
people | map | list
words | map('nofilter') | list
nested | map('first') | list
nested | map(attribute=0) | list
nested | map(attribute='1.1.0') | list
list | min
list | max
words | min
words | max
words | min(true)
words | max(case_sensitive=true)
people | min(attribute='age')
people | max(attribute='name')
[] | min is defined
[1, 'a'] | min
[1.5, 2, true] | max
list | pprint
dict | pprint
people | pprint
'short' | pprint
[words, words, words, words] | pprint
{'key': 'a long text that goes on and on and on until it has to be broken somewhere in the middle of it all'} | pprint
words | reject('equalto', 'apple') | list
[0, 1, 2, none, ''] | reject | list
people | rejectattr('tags') | map(attribute='name') | list
people | rejectattr('age', 'gt', 28) | map(attribute='name') | list
text | replace('o', '0')
text | replace('o', '0', 1)
text | replace('', '-')
123 | replace(2, 'x')
text | replace('a')
text | reverse
list | reverse
list | reverse | list
dict | reverse | list
(1, 2) | reverse | list
range(3) | reverse | list
dict.items() | reverse | list
words | map('upper') | reverse
5 | reverse
3.7 | round
3.2 | round
2.5 | round
3.5 | round
-2.5 | round
3.14159 | round(2)
2.675 | round(2)
1.005 | round(2)
1234.5 | round(-2)
1250 | round(-2)
5 | round
5 | round(1)
3.2 | round(0, 'ceil')
3.7 | round(method='floor')
3.14159 | round(2, 'ceil')
3.14159 | round(2, 'floor')
-3.2 | round(method='ceil')
5 | round(method='ceil')
3.7 | round | int
3.7 | round(method='x')
'a' | round
1e300 | round(2)
true | round
[0, 1, 2, none, ''] | select | list
[1, 2, 3, 4] | select('odd') | list
[1, 2, 3, 4] | select('divisibleby', 3) | list
[1, 2, 3, 4] | select('gt', 2) | list
[1, 2, 3, 4] | select('>', 2) | list
[1, 2, 3, 4] | select('in', [2, 3]) | list
[1, 'a', none] | select('string') | list
words | select('notest') | list
people | selectattr('tags') | map(attribute='name') | list
people | selectattr('age', 'equalto', 30) | map(attribute='name') | list
people | selectattr('age', '==', 30) | list | length
people | selectattr('boss', 'defined') | map(attribute='name') | list
people | selectattr('boss.name', 'eq', 'Ann') | map(attribute='name') | list
people | selectattr('boss.name.x', 'defined') | list
people | selectattr | list
people | selectattr('zzz') | list
[] | selectattr | list
(people | selectattr('zzz')) is true
1 if people | selectattr('zzz') else 2
1 if [] | selectattr('zzz') else 2
people | selectattr('age') | length
(people | selectattr('age'))[0]
people | selectattr('age') | first
(people | map('length')) is iterable
(people | map('length')) is sequence
range(7) | slice(3) | list
range(7) | slice(3, 'x') | list
range(2) | slice(4) | list
range(2) | slice(0) | list
list | sort
list | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
words | sort(true)
people | sort(attribute='age') | map(attribute='name') | list
people | sort(attribute='age', reverse=true) | map(attribute='name') | list
people | sort(attribute='city,name') | map(attribute='name') | list
people | sort(attribute='age,city') | map(attribute='name') | list
[1, 'a'] | sort
text | sort | join
dict | sort
[[2, 1], [1, 5], [1, 2]] | sort
[none, 1] | sort
123 | string
none_value | string
list | string
1.0 | string
[1.0, 'x'] | string
'<p>Hello &amp; <b>you</b>\n  there</p><!-- x -->' | striptags
list | sum
[] | sum
[1.5, 2] | sum
people | sum('age')
people | sum(attribute='age', start=10)
['a'] | sum
[[1], [2]] | sum(start=[])
'hello world-wide (web) [x] {y} <z>' | title
'ALL CAPS it\'s' | title
'éa ßb' | title
dict | tojson
list | tojson
people | tojson
mixed | tojson
text | tojson
html | tojson
umlaut | tojson
emoji | tojson
umlaut | tojson(ensure_ascii=true)
emoji | tojson(true)
people[0] | tojson(indent=2)
people[0] | tojson(indent=0)
nested | tojson(indent=1)
{'a': [], 'b': {}} | tojson(indent=2)
dict | tojson(sort_keys=true)
dict | tojson(separators=(',', ':'))
dict | tojson(indent=2, separators=(', ', '= '))
dict | tojson(indent='--')
'\x00\x1f\x7f\u2028"\\/\b\f' | tojson
{1: 2, none: 3, true: 4, 1.5: 6} | tojson
(1, 2) | tojson
1e16 | tojson
1.0 | tojson
big | tojson
missing | tojson
[missing] | tojson
range(3) | tojson
namespace(a=1) | tojson
'nan' | float | tojson
('<a>' | safe) | tojson
none_value | tojson
true | tojson
{(1, 2): 3} | tojson
blank | trim
'xxhixx' | trim('x')
5 | trim
none_value | trim
'a very long text that goes on and on' | truncate(12)
'a very long text that goes on and on' | truncate(12, true)
'a very long text that goes on and on' | truncate(12, false, '')
'a very long text that goes on and on' | truncate(12, leeway=0)
'a very long text' | truncate(13)
'abc' | truncate(2)
'abcdefghijklmnop' | truncate(5)
words | unique | list
words | unique(true) | list
['a', 'A', 'b'] | unique | list
['a', 'A', 'b'] | unique(case_sensitive=true) | list
[1, 1.0, true, '1'] | unique | list
people | unique(attribute='age') | map(attribute='name') | list
[[1], [1]] | unique | list
text | upper
'a b/c?d=é&f' | urlencode
{'a b': 1, 'c': 'd/e'} | urlencode
[('x', 1), ('y', 'z w')] | urlencode
5 | urlencode
'one two  three' | wordcount
'it\'s a well-known fact' | wordcount
'the quick brown fox jumps over the lazy dog' | wordwrap(15)
'supercalifragilistic is long' | wordwrap(8)
'supercalifragilistic is long' | wordwrap(8, false)
'a well-known state-of-the-art thing' | wordwrap(10)
'a well-known state-of-the-art thing' | wordwrap(10, break_on_hyphens=false)
'line one\n\nline two is longer' | wordwrap(8)
'a b c d' | wordwrap(3, wrapstring='|')
'a  b   c' | wordwrap(4)
{'class': 'x', 'id': none, 'data': '<&>'} | xmlattr
{'a': 1} | xmlattr(false)
{'a b': 1} | xmlattr
{} | xmlattr
text | nofilter
text | upper | lower | title
text | upper()
text | upper(1)
(text | upper).lower()
text | length + 1
-5 | abs + 1
-text | length
1 + 2 | string
text|replace('o','0')|upper
"""

TESTS = r"""
missing is defined
text is defined
none_value is defined
missing is undefined
dict.zzz is defined
dict.a is defined
dict.zzz is not defined
none_value is none
text is none
missing is none
none_value is not none
true is boolean
1 is boolean
true is true
1 is true
false is false
0 is false
1 is integer
true is integer
1.0 is integer
big is integer
1.0 is float
1 is float
1 is number
true is number
'1' is number
text is string
1 is string
('a' | safe) is string
dict is mapping
list is mapping
list is sequence
text is sequence
dict is sequence
1 is sequence
missing is sequence
range(3) is sequence
dict.keys() is sequence
(1, 2) is sequence
list is iterable
text is iterable
1 is iterable
none_value is iterable
missing is iterable
range is callable
text.upper is callable
text is callable
1 is odd
2 is odd
-1 is odd
1.5 is odd
'a' is odd
2 is even
3 is even
10 is divisibleby 5
10 is divisibleby(3)
10 is divisibleby 0
1 is eq 1
1 is equalto 1.0
'a' is eq('a')
1 is ne 2
1 is != 2
1 is lt 2
1 is lessthan 2
1 is le 1
2 is gt 1
2 is greaterthan 1
2 is ge 3
1 is in [1, 2]
'a' is in 'abc'
1 is not in [2]
1 is sameas 1
true is sameas true
none_value is sameas none
list is sameas list
[1] is sameas [1]
1 is sameas true
'abc' is lower
'aBc' is lower
'ABC' is upper
1 is upper
'upper' is filter
'nofilter' is filter
'odd' is test
'notest' is test
1 is notest
text is string and list is sequence
not text is string
text is string is string
1 is odd or 2 is odd
text is not string or yes
missing is defined and missing.x
1 == 1 is true
not 1 is even
text.upper() is upper
1 + 1 is even
"""

STATEMENTS = [
    "{% if yes %}a{% elif no %}b{% else %}c{% endif %}",
    "{% if no %}a{% elif yes %}b{% else %}c{% endif %}",
    "{% if no %}a{% elif no %}b{% else %}c{% endif %}",
    "{% if missing %}a{% endif %}",
    "{% if missing.x %}a{% endif %}",
    "{% if list, %}a{% endif %}",
    "{% if [] %}a{% else %}b{% endif %}",
    "{% for x in list %}{{ x }},{% endfor %}",
    "{% for x in list %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in nothing %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in missing %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in 5 %}{{ x }}{% endfor %}",
    "{% for x in none_value %}{{ x }}{% endfor %}",
    "{% for c in emoji %}[{{ c }}]{% endfor %}",
    "{% for k in dict %}{{ k }}{% endfor %}",
    "{% for k, v in dict.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in dict|dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in dict|items %}{{ k }}={{ v }};{% endfor %}",
    "{% for a, b in nested %}{{ a }}|{{ b }};{% endfor %}",
    "{% for a, b, c in nested %}{{ a }}{% endfor %}",
    "{% for a, b in [[1, 2, 3]] %}{{ a }}{% endfor %}",
    "{% for (a, b), c in [[[1, 2], 3]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in list if x > 1 %}{{ x }},{% endfor %}",
    "{% for x in list if x > 9 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in list if x > 1 %}{{ loop.index }}/{{ loop.length }}{{ ' last' if loop.last }};{% endfor %}",
    "{% for x in list %}{{ loop.index }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }} {{ loop.length }} {{ loop.depth }} {{ loop.depth0 }};{% endfor %}",
    "{% for x in list %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }};{% endfor %}",
    "{% for x in list %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }};{% endfor %}",
    "{% for x in list %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in list %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x, 'k') }}{% endfor %}",
    "{% for x in list %}{{ loop }}{% endfor %}",
    "{% for x in list %}{{ loop|length }}{% endfor %}",
    "{% for x in words|map('upper') %}{{ loop.index }}{{ loop.length }}{{ loop.last }}{{ loop.revindex }}{{ x }};{% endfor %}",
    "{% for x in words|map('upper') %}{{ x }}{{ loop.nextitem }};{% endfor %}",
    "{% for x in list %}{% for y in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in list %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{{ loop }}",
    "{% for x in list %}{% endfor %}{{ loop is defined }}{{ x is defined }}",
    "{% for n in tree recursive %}{{ n.v }}{{ loop.depth }}({{ loop(n.c) }}){% endfor %}",
    "{% for n in tree recursive %}{{ loop.index }}{{ n.v }}{% if n.c %}[{{ loop(n.c) }}]{% endif %}{% else %}empty{% endfor %}",
    "{% for x in list %}{{ loop(x) }}{% endfor %}",
    "{% for x in range(10) %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in range(6) %}{% if x is odd %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in range(3) %}{% for y in range(3) %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
    "{% for x in range(3) %}{% break %}{% else %}else{% endfor %}",
    "{% break %}",
    "{% for x in list %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% set x = 1 %}{{ x }}",
    "{% set x = 1, 2 %}{{ x }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a, b = [1, 2, 3] %}{{ a }}",
    "{% set (a, b) = 'xy' %}{{ a }}{{ b }}",
    "{% set a, = [1] %}{{ a }}",
    "{% set x = 1 %}{% for y in list %}{% set x = y %}{{ x }}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if yes %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% for y in list %}{% if loop.first %}{% set z = y %}{% endif %}{{ z }}{% endfor %}",
    "{% for y in list %}{{ q }}{% set q = y %}{{ q }};{% endfor %}",
    "{% set ns = namespace(n=0) %}{% for y in list %}{% set ns.n = ns.n + y %}{% endfor %}{{ ns.n }}",
    "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}{{ ns }}",
    "{% set ns = 5 %}{% set ns.a = 1 %}",
    "{% set dict.a = 1 %}",
    "{% set nothere.a = 1 %}",
    "{% set x %}body {{ 1 + 1 }}{% endset %}[{{ x }}]",
    "{% set x | upper %}body{% endset %}[{{ x }}]",
    "{% set x | trim | upper | replace('B', 'x') %} body {% endset %}[{{ x }}]",
    "{% set x %}{% set y = 1 %}{% endset %}{{ y is defined }}",
    "{% set ns = namespace() %}{% set ns.x %}block{% endset %}{{ ns.x }}",
    "{% set none = 1 %}",
    "{% set 1 = 2 %}",
    "{% set x %}",
    "{% with %}{% set x = 1 %}{{ x }}{% endwith %}{{ x is defined }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}",
    "{% with a, b = (1, 2) %}{{ a }}{% endwith %}",
    "{% filter upper %}abc {{ text }}{% endfilter %}",
    "{% filter replace('a', 'b') | upper %}aaa{% endfilter %}",
    "{% filter indent(2) %}a\nb{% endfilter %}",
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c=5) }}{{ m(b=9, a=8) }}",
    "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}",
    "{% macro m(a) %}[{{ a + 1 }}]{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{{ varargs|join('-') }}{% endmacro %}{{ m(1, 2, 3) }}",
    "{% macro m(a, a) %}{% endmacro %}",
    "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}inner {{ text }}{% endcall %}",
    "{% macro m() %}<{{ caller(1, 2) }}>{% endmacro %}{% call(a, b) m() %}{{ a }}+{{ b }}{% endcall %}",
    "{% macro m() %}<{{ caller(1) }}>{% endmacro %}{% call(a, b=7) m() %}{{ a }}+{{ b }}{% endcall %}",
    "{% macro m() %}<{{ caller() if caller else 'none' }}>{% endmacro %}{{ m() }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{{ m() }}",
    "{% macro m() %}x{% endmacro %}{% call m() %}inner{% endcall %}",
    "{% macro m(caller=1) %}{{ caller }}{% endmacro %}{{ m() }}",
    "{% macro m(caller) %}{{ caller }}{% endmacro %}{{ m() }}",
    "{% for x in list %}{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ x }}{{ loop.index }}{% endcall %}{% endfor %}",
    "{% macro fact(n) %}{{ n if n < 2 else n * fact(n - 1)|int }}{% endmacro %}{{ fact(5) }}",
    "{% macro m() %}{{ x }}{% endmacro %}{% set x = 5 %}{{ m() }}",
    "{% set x = 1 %}{% macro m() %}{% set x = 2 %}{{ x }}{% endmacro %}{{ m() }}{{ x }}",
    "{% macro m() %}{{ text }}{% endmacro %}{{ m() | upper }}{{ m() | length }}{{ m() is string }}",
    "{% macro m(a, b=1) %}{{ varargs }}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}",
    "{% macro m() %}{% endmacro %}{{ m }}{{ m is callable }}",
    "{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(5) }}",
    "{{ m() }}{% macro m() %}late{% endmacro %}",
    "{{ text.upper(*[]) }}{{ '{} {x}'.format(*[1], **{'x': 2}) }}",
    "{% macro m(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1, *[2], **{'c': 3}) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(*5) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(**[1]) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(a=1, a=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(a=1, 2) }}",
    "{% generation %}text {{ text }}{% endgeneration %}",
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}",
    "{% generation %}{% set x = 1 %}{% endgeneration %}{{ x is defined }}",
    "{% raw %}{{ x }}{% if %}{% endraw %}",
    "{% raw -%}  {{ x }}  {%- endraw %}",
    "a {%- raw %} b {% endraw -%} c",
    "{% raw %}\n  x\n  {% endraw %}\ny",
    "{% raw %}",
    "a{# comment #}b",
    "a {#- comment -#} b",
    "{# multi\nline #}x",
    "{# {{ x }} {% if %} #}y",
    "{# open",
    "{% autoescape false %}{{ html }}{% endautoescape %}",
    "{% print text %}",
    "a\n{% if yes %}\nb\n{% endif %}\nc\n",
    "a\n  {% if yes %}\n  b\n  {% endif %}\nc",
    "a\n  {%+ if yes %}\n  b\n  {%+ endif %}\nc",
    "a\n  {% if yes +%}\n  b\n  {% endif +%}\nc",
    "a\n  {%- if yes -%}\n  b\n  {%- endif -%}\nc",
    "a\n  {{ text }}\n  b",
    "a\n  {{- text -}}\n  b",
    "  {% if yes %}x{% endif %}  \n",
    "x  {% if yes %}y{% endif %}",
    "  {# c #}\n  x",
    "{{ text }}\n",
    "{{ text }}\n\n",
    "{% if yes %}\n\nx{% endif %}",
    "a\r\nb\rc\n{{ 'x\ny' }}",
    "\t {% set x = 1 %}\n{{ x }}",
    "{% set x = 1 -%}\n\n  {{ x }}",
    "\u00a0{% if yes %}x{% endif %}",
    "a{% if yes -%} \n b {%- endif %}c",
    "{{ '}}' }}{{ '%}' }}{{ {'a': {'b': 1}}['a']['b'] }}",
    "{{ {'a':{}} }}",
    "{{",
    "{{ 1",
    "{{ }}",
    "{{ 1 2 }}",
    "{{ (1 }}",
    "{{ 1) }}",
    "{{ [1, 2 }}",
    "{{ {'a' 1} }}",
    "{{ 'open }}",
    "{{ a.}}",
    "{{ 1 + }}",
    "{{ * 1 }}",
    "{{ a b }}",
    "{{ 007 }}",
    "{{ 1.foo }}",
    "{{ 1.5.x }}",
    "{{ $ }}",
    "{{ a ! b }}",
    "{{ x := 1 }}",
    "{% if %}{% endif %}",
    "{% if yes %}",
    "{% if yes %}{% endfor %}",
    "{% endif %}",
    "{% for x %}{% endfor %}",
    "{% for x in list %}",
    "{% for loop in list %}{% endfor %}",
    "{% unknown %}",
    "{% %}",
    "{% 1 %}",
    "{% if yes",
    "{% else %}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{% import 'x' as y %}",
    "{% if no %}{{ text | nofilter }}{% endif %}ok",
    "{% if no %}{{ text is notest }}{% endif %}ok",
    "{{ text | nofilter if no else 'ok' }}",
    "{% for m in messages[::-1] %}{{ m.role }}{{ loop.index0 }};{% endfor %}",
    "{% for m in messages %}{% if m.content is string %}s{% elif m.content is iterable %}i{% endif %}{% endfor %}",
    "{% for m in messages %}{% if m['role'] not in ['user', 'system'] %}{{ m['role'] }}{% endif %}{% endfor %}",
    "{% for m in messages %}{{ m.tool_calls[0].function.arguments | tojson if m.tool_calls else '-' }};{% endfor %}",
    "{% set system = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}{{ system }}",
    "{% for m in messages if m.role != 'system' %}{{ loop.index0 % 2 == 0 }}{% endfor %}",
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}",
    "{{ raise_exception('bad ' ~ text) }}",
    "{% for t in messages[2].tool_calls %}{% set t = t.function %}{{ t.name }}({% for k, v in t.arguments|items %}{{ k }}={{ v }}{{ ', ' if not loop.last }}{% endfor %}){% endfor %}",
    "{% set g = words | map('upper') %}{{ g | join }}{{ g | join }}",
    "{% set j = joiner(', ') %}{% for x in list %}{{ j() }}{{ x }}{% endfor %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{% set _ = c.reset() %}{{ c.current }}",
    "{% set ns = namespace(l=[]) %}{% for x in list %}{% set ns.l = ns.l + [x * 2] %}{% endfor %}{{ ns.l }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
    "{{ (messages | selectattr('role', 'equalto', 'user') | first).content }}",
    "{{ messages[-1].content[1].text }}",
    "{{ messages[1].content.split(' ')[0] }}{{ messages[2].content.split('</think>')[-1].lstrip('\\n') }}",
    "{{ {'type': 'function', 'function': messages[2].tool_calls[0].function} | tojson(indent=4) }}",
    "{% if messages[0].role == 'system' and messages[0].content is string and messages[0].content | trim | length > 0 %}yes{% endif %}",
    "{% set _ = list.append(1) %}",
    "{% do list.append(1) %}",
    "{%- for x in list -%} {{ x }} {%- endfor -%}",
    "{% for x in list: %}{{ x }}{% endfor %}",
    "{% if yes: %}a{% endif %}",
    "{% for x in list %}{{ x }}{{ ',' if not loop.last else '.' }}{% endfor %}",
    "{{ list[0], list[1] }}",
    "{{ text if text is string else text[0] }}",
    "{{ [x for x in list] }}",
    "{{ lambda }}",
    "{% set x = {'a': 1,\n 'b': 2} %}{{ x.b }}",
    "{{\n  text\n  | upper\n}}",
    "{{ dict.items() | map('first') | join }}{{ dict.items() | map('last') | sum }}",
    "{% for x in list %}{% for y in nothing %}{% else %}{{ loop.index }}{% endfor %}{% endfor %}",
    "{% for x in nothing %}{% else %}{{ loop is defined }}{% endfor %}",
    "{% for x in list if loop is defined %}{{ x }}{% endfor %}",
    "{% for x in [1, 2, 3] if x != 2 %}{{ loop.previtem }}{{ x }}{{ loop.nextitem }};{% endfor %}",
    "{% macro a(x) %}{{ b(x) }}{% endmacro %}{% macro b(x) %}<{{ x }}>{% endmacro %}{{ a(1) }}",
    "{% if yes %}{% macro z() %}z{% endmacro %}{% endif %}{{ z() }}",
    "{% set f = text.upper %}{{ f() }}",
    "{{ range(3)|map('string')|join('-') }}{{ range(3)|sum }}",
    "{{ '%s' % text }}{{ '%s, %s' % (text, one) }}{{ '%d%%' % 50 }}",
    "{{ 'a' if 1 else }}",
    "{{ not }}",
    "{% for x in list %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% else %}e{% endfor %}",
    "{% for x in list %}{% set y %}{% if x == 1 %}{% continue %}{% endif %}v{{ x }}{% endset %}{{ y }}{% endfor %}",
    "{% for x in list %}{% filter upper %}{% if x == 1 %}{% continue %}{% endif %}v{{ x }}{% endfilter %}{% endfor %}",
    "line1\nline2 {{ 1/0 }}",
    "{{ messages[0].items() | list }}",
    "{{ text.__class__ }}{{ text.__class__ is defined }}",
    "{{ text.__class__.__mro__ }}",
    "{{ ''.join(['a', 'b'] | map('upper')) }}",
    "{{ 'é' | urlencode }}{{ 'a' | e }}",
    "{{ (1, 2, 3) | last }}{{ 'abc' | last }}{{ 'abc' | first }}",
    "{{ {'a': 1}.a }}{{ {'a': 1}['a'] }}{{ [1, 2].0 }}{{ 'x'.upper() }}",
    "{{ 1 if 2 if 3 else 4 else 5 }}",
    "{{ a is defined and a or 'dflt' }}",
    "{% raw %}",
    "{#",
    "{% raw %}x",
    "{% for x in [1, 2] %}{% continue %}{% else %}else{% endfor %}",
    "{% for x in [1, 2] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% else %}else{% endfor %}",
    "{{ '{a.zz}|{a[zz]}'.format(a={}) }}",
    "{{ '{a.zz:5}'.format(a={}) }}",
    "{{ '{a.zz.y}'.format(a={}) }}",
    "{{ 10 ** 5000 }}",
    "{{ (2 ** 200) | tojson }}{{ (2 ** 200) % 1000 }}{{ 2 ** 64 // 3 }}",
    "{{ [2e-323, 1e-323, 4.5e-320, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0] }}",
    "{{ 9007199254740993 == 9007199254740992.0 }}{{ 9007199254740993 > 9007199254740992.0 }}",
    "{% set x = namespace(a=namespace(b=1)) %}{{ x.a.b }}{{ x }}",
    "{% for a in [[1, [2, 3]]] %}{% set x, (y, z) = a %}{{ x }}{{ y }}{{ z }}{% endfor %}",
    "{% macro outer() %}{% macro inner(x) %}<{{ x }}>{% endmacro %}{{ inner(1) }}{{ inner(2) }}{% endmacro %}{{ outer() }}",
    "{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}{% call wrap('a') %}{% call wrap('b') %}x{% endcall %}{% endcall %}",
    "{% macro m(x, y='d') %}{{ x }}{{ y }}{{ kwargs }}{% endmacro %}{{ m(1, z=3) }}{{ m(x=1, **{'y': 2, 'q': 4}) }}",
    "{% macro m(items) %}{% for i in items %}{{ i if i is not iterable else m(i) }},{% endfor %}{% endmacro %}{{ m([1, [2, [3]]]) }}",
    "{% for x in [1, 2] recursive %}{{ x }}{% if x == 1 %}{{ loop([2]) }}{% endif %}{% endfor %}",
    "{% for n in tree recursive if n.v != 3 %}{{ n.v }}{{ loop(n.c) }}{% endfor %}",
    "{% for n in tree if n.v != 3 recursive %}{{ n.v }}({{ loop(n.c) }}){% endfor %}",
    "{{ words | map('truncate', 3, true, '') | list }}",
    "{{ words | map('upper') | map('lower') | unique | sort | join(' ') }}",
    "{{ people | map(attribute='name') | map('upper') | select('in', ['ANN', 'BOB']) | list }}",
    "{{ dict | map('upper') | list }}{{ text | map('upper') | join }}",
    "{{ text | batch(4) | map('join') | list }}",
    "{{ '1' if '0' else '2' }}{{ '1' if 0.0 else '2' }}{{ '1' if {} else '2' }}{{ '1' if range(0) else '2' }}",
    "{{ (none, 1) | first }}{{ (none,) | last }}",
    "{{ text is in [text] }}{{ text is not in [] }}{{ text is in(['x']) }}",
    "{{ 5 is divisibleby(5) and not 5 is divisibleby 2 }}",
    "{{ messages is iterable and messages is not string and messages is not mapping }}",
    "{{ 'a' < 'b' < 'c' }}{{ 1 < 2 in [2, 3] }}{{ 1 in [1] == true }}",
    "{{ -3 | abs }}{{ -(3 | abs) }}{{ - 3 ** 2 }}{{ 2 * -3 }}{{ 2 - -3 }}",
    "{{ 1 + 2 * 3 - 4 / 2 }}{{ (1 + 2) * 3 }}{{ 7 // 2 * 2 + 7 % 2 }}{{ 2 ~ 3 + 4 }}{{ 1 + 2 ~ 3 }}",
    "{{ not 1 == 2 }}{{ not (1 == 1) and true }}{{ true and not false or false }}",
    "{{ none_value.get('x') }}",
    "{{ messages[9].content }}",
    "{{ messages[0].missing.deeper }}",
    "{{ messages[0]['missing'] is none }}{{ messages[0].get('missing') is none }}",
    "{{ 'x' if messages[0].get('tool_calls') else 'y' }}",
    "{{ (messages[2].tool_calls | first).function.name }}",
    "{{ messages | map(attribute='role') | join(',') }}{{ messages | length }}{{ (messages | last).role }}",
    "{{ dict | length }}{{ dict.items() | length }}{{ dict.keys() | join }}{{ dict.values() | list }}{{ 2 in dict.values() }}{{ ('a', 1) in dict.items() }}",
    "{{ '\\d+' }}{{ '\\n' | length }}{{ \"\\t\" }}{{ '\\/' }}",
    "{{ ['a', 'b'] | join('\\n') }}",
    "{{ None }}{{ [None] }}{{ {'a': None} }}{{ none | string }}",
    "{% set content = '  x ' %}{{ content | trim + '!' }}{{ content.strip() ~ '!' }}",
    "{%- set a = 1 -%}\n\n{%- set b = 2 %}\n\n{{ a }}{{ b }}\n\n",
    "a\n\n{%- if yes %}\n\nb{%- endif %}\n\n",
    "  {%- if yes -%}  a  {%- endif -%}  ",
    "\n\n{% if yes %}\n  {{ text }}\n  {% endif %}\n",
    "x{{ text -}} \n y{{- text }}",
    "{% if yes %} {# c #} {% endif %}|",
    "{% if yes %}{# c -#}  \n x{% endif %}",
    "{#- a -#}\n{# b #}\n{#+ c +#}\nd",
    "{{ '{{' }}{{ \"{%\" }}{{ '#}' }}",
    "{% if yes %}{% set v = 1 %}{% else %}{% set v = 2 %}{% endif %}{{ v }}",
    "{% for x in list %}{% if x == 1 %}{% set found = x %}{% endif %}{% endfor %}{{ found is defined }}",
    "{% macro m(v=list) %}{{ v }}{% endmacro %}{{ m() }}{{ m(v=none) }}",
    "{% set x = 1 %}{% set x = x + 1 %}{{ x }}",
    "{% set x %}{{ x is defined }}{% endset %}{{ x }}",
    "{% set t = 'a' if no %}[{{ t }}]",
    "{{ [1, 2, 3] | map('string') | map('int') | sum }}",
    "{{ '%05.1f|%+d|%-6s|%6s' | format(3.14159, 5, 'ab', 'cd') }}",
    "{{ 'abc' | list | reverse | join }}{{ 'abc'[::-1] }}",
    "{{ {'b': 1, 'a': 2} | dictsort | map('join', '=') | join('&') }}",
    "{{ [3, 1, 2] | sort | first }}{{ [3, 1, 2] | sort(reverse=True) | first }}{{ [[2, 'b'], [1, 'a']] | sort(attribute=0) }}",
    "{{ people | groupby('age') | map(attribute='list') | map('length') | list }}",
    "{% for age, group in people | groupby('age') %}{{ age }}:{{ group | map(attribute='name') | join('+') }};{% endfor %}",
    "{% for g in people | groupby('age') %}{{ g.grouper }}:{{ g.list | length }};{% endfor %}",
    "{{ 1.0 | int }}{{ '1.0' | float | int }}{{ 3 / 2 | round }}{{ (3 / 2) | round | int }}",
    "{{ 12345.6789 | round(2) }}{{ 1e-5 | round(3) }}{{ -0.5 | round }}{{ 0.5 | round }}{{ 1.5 | round }}",
    "{{ 'x' ~ ('<b>' | escape) ~ 1 }}{{ ('<b>' | escape).upper() }}{{ ('<b>' | escape) | upper }}{{ ('<b>' | escape) | length }}",
    "{{ ('<' | safe) * 2 }}{{ ('<' | safe) in '<a' }}{{ {'<': 1}['<' | safe] }}",
    "{{ '\u0131'.upper() }}{{ '\u0130'.lower() | length }}{{ '\ufb03'.title() }}{{ '\u1e9e'.lower() }}{{ 'OΣ'.lower() }}",
    "{{ 'a\u0301b' | length }}{{ '\u0645\u0631' | upper }}{{ '日本語' | center(9, ) }}|{{ '日本語'[1] }}{{ '日本語' | tojson }}",
    "{{ ['\u3042', 'a', '\U0001f600', '\ufffd'] | sort | join }}",
    "{{ '\U0001f600' < '\ufffd' }}{{ '\U0001f600' > '\ufffd' }}",
    "{{ 'a\tb\\x00' | tojson }}{{ '\x7f\x80' | tojson }}{{ '\ud7ff\ue000' | tojson(true) }}",
    "{{ none is none }}{{ None is none }}{{ True }}{{ False }}{{ true is True }}",
]


def case(template):
    try:
        return {"template": template, "text": ENVIRONMENT.from_string(template).render(**VARIABLES)}
    except Exception as e:  # whatever Python raises
        return {"template": template, "error": type(e).__name__ + ": " + str(e)}


def main():
    templates = []
    for block in (EXPRESSIONS, FILTERS, TESTS):
        templates += ["{{ " + line + " }}" for line in block.strip("\n").split("\n")]
    templates += STATEMENTS
    cases = [case(template) for template in dict.fromkeys(templates)]
    addresses = [c["template"] for c in cases if " at 0x" in c.get("text", "")]
    cases = [c for c in cases if " at 0x" not in c.get("text", "")]
    json.dump({"made_with": "jinja2 " + jinja2.__version__, "variables": VARIABLES, "cases": cases}, sys.stdout,
              indent=1, ensure_ascii=True)
    print()
    print(f"{len(cases)} cases, {sum('error' in c for c in cases)} errors; left out for their address: {addresses}",
          file=sys.stderr)


if __name__ == "__main__":
    main()
