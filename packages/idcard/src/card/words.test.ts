import { describe, expect, it } from 'vitest';
import { ethnicGroups, hasNameShape, isKnownEthnicGroup, other, withOneDot, withoutZu } from './index.ts';

/** By their sound, as dictionaries list them: typed on its own, not sorted from the list under test. */
const BY_PINYIN =
  '阿昌 白 保安 布朗 布依 朝鲜 达斡尔 傣 德昂 东乡 侗 独龙 俄罗斯 鄂伦春 鄂温克 高山 仡佬 哈尼 哈萨克 汉 赫哲 回 基诺 京 景颇 ' +
  '柯尔克孜 拉祜 黎 傈僳 珞巴 满 毛南 门巴 蒙古 苗 仫佬 纳西 怒 普米 羌 撒拉 畲 水 塔吉克 塔塔尔 土 土家 佤 维吾尔 乌孜别克 锡伯 ' +
  '瑶 彝 裕固 藏 壮';

describe('ethnic groups', () => {
  it('equal the dictionary', () => {
    expect([...ethnicGroups].sort()).toEqual(BY_PINYIN.split(' ').sort());
  });

  it('are 56, each known with and without 族', () => {
    expect(new Set(ethnicGroups).size).toBe(56);
    for (const group of ethnicGroups) {
      expect(isKnownEthnicGroup(group)).toBe(true);
      expect(isKnownEthnicGroup(`${group}族`)).toBe(true);
      expect(withoutZu(`${group}族`)).toBe(group);
    }
  });

  it.each(['', '族', '穿青人', '其他', '汉族族', 'constructor'])('do not include %j', (text) => {
    expect(isKnownEthnicGroup(text)).toBe(false);
  });
});

describe('shape of a name', () => {
  it.each(['张三', '欧阳娜娜', '买买提·吐尔逊', '阿·乙', '迪丽•热巴', '古力.娜扎', '㐂三', '𠮷田', '〇三'])(
    'is that of %s',
    (name) => {
      expect(hasNameShape(name)).toBe(true);
    },
  );

  it.each(['', '张', 'Zhang', '张3', '·张三', '张三·', '张··三', '张 三', '张三,'])('is not that of %j', (name) => {
    expect(hasNameShape(name)).toBe(false);
  });

  it.each([
    ...['·', '•', '・', '．', '‧', '.', '･', '∙', '⋅', '●', '․', '。', '｡', '﹒', '·', '⦁', 'ꞏ', '˙'],
    ...[' · ', '\u3000・', '. '],
  ])('has one dot, U+00B7, for %j', (dot) => {
    expect(withOneDot(`买买提${dot}吐尔逊`)).toBe('买买提\u00B7吐尔逊');
    expect(hasNameShape(`买买提${dot}吐尔逊`)).toBe(true);
  });

  it('keeps every other character of a name', () => {
    for (const name of ['张三', '欧阳娜娜', '𠮷田', 'Zhang-San', '张,三']) expect(withOneDot(name)).toBe(name);
  });

  it('is decided in linear time', () => {
    const started = performance.now();
    expect(hasNameShape(`${'张·'.repeat(100_000)}!`)).toBe(false);
    expect(hasNameShape(`${' '.repeat(100_000)}!`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('other values', () => {
  it.each([
    ['Mosaic', 'other:mosaic'],
    ['new_status-2', 'other:new_status-2'],
    ['a'.repeat(40), `other:${'a'.repeat(40)}`],
    ['a'.repeat(41), 'other:unknown'],
    ['张三', 'other:unknown'],
    ['two words', 'other:unknown'],
    ['', 'other:unknown'],
  ])('%j → %s', (value, expected) => {
    expect(other(value)).toBe(expected);
  });
});
