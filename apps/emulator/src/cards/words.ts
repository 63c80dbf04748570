// The invented words for synthetic people. Provinces, cities and streets do not exist, so no specimen contains a real address.
// The compression of the mark uses the same words as its dictionary, so a change makes older specimens unreadable.

export const SURNAMES = [...'王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧'];
export const GIVEN = [...'安柏晨丹恩帆歌航嘉静凯岚明宁鹏青然思桐薇晓雅泽舟文星雨禾川溪'];
export const MINORITY_FIRST = ['阿依', '古丽', '买买', '艾力', '热娜', '迪丽', '吐尔', '努尔'];
export const MINORITY_LAST = ['古丽', '提江', '拜尔', '孜热', '木江', '达西', '克木', '胡提'];
export const MINORITIES = ['维吾尔', '哈萨克', '柯尔克孜', '塔吉克', '乌孜别克'];
export const ETHNICITIES = [
  '汉',
  '汉',
  '汉',
  '汉',
  '汉',
  '汉',
  '回',
  '满',
  '壮',
  '苗',
  '土家',
  '彝',
  '蒙古',
  '藏',
  '布依',
];
export const PROVINCES = ['样本省', '示例省', '虚构省', '云水省', '范例自治区'];
export const CITIES = ['青禾市', '星河市', '晨光市', '月湾市', '白鹭市', '松涛市', '银杉市', '云汀市'];
export const DISTRICTS = ['东篱区', '西窗区', '南屏区', '北岸区', '镜湖县', '竹影县', '望云区', '听雨区'];
export const ROADS = [
  '梦溪路',
  '沧浪大街',
  '采薇路',
  '流萤巷',
  '枕石街',
  '知春大道',
  '听松路',
  '浮光里',
  '远山路',
  '画桥街',
];
export const ESTATES = ['', '', '云锦花园', '拾光小区', '半亩园', '清和苑'];

/** The preset dictionary for the mark's compression. The most frequent texts are last, where deflate encodes them in the fewest bits. */
export const MARK_DICTIONARY = Buffer.from(
  [
    ...MINORITY_FIRST,
    ...MINORITY_LAST,
    ...MINORITIES,
    ...ETHNICITIES,
    ...SURNAMES,
    ...GIVEN,
    ...ESTATES,
    ...ROADS,
    ...DISTRICTS,
    ...CITIES,
    ...PROVINCES,
    'under-exposed over-exposed blurred edited temporary screen copy Adobe Photoshop',
    '000099000019 19202000001 公安局分局长期栋单元室号男女·\nnormal\n\n\nfront\nback\nCS1\n',
  ].join(''),
);
