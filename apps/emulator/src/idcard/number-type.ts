// The provider's check of the number against the printed birth date and sex (`idcard_number_type`).

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** -1 nothing printed; 0 invalid; 1 consistent; 2 birth date and sex differ; 3 birth date differs; 4 sex differs. */
export function numberType(text: { number: string; birth: string; sex: string }): -1 | 0 | 1 | 2 | 3 | 4 {
  if (text.number === '' && text.birth === '' && text.sex === '') return -1;
  if (!isLegal(text.number)) return 0;
  const birthFits = text.number.slice(6, 14) === text.birth;
  const sexFits = (Number(text.number[16]) % 2 === 1 ? '男' : '女') === text.sex;
  if (birthFits && sexFits) return 1;
  if (!birthFits && !sexFits) return 2;
  return birthFits ? 4 : 3;
}

function isLegal(number: string): boolean {
  if (!/^\d{17}[\dX]$/.test(number)) return false;
  const remainder = WEIGHTS.reduce((sum, weight, i) => sum + weight * Number(number[i]), 0) % 11;
  return number[17] === '10X98765432'[remainder];
}
