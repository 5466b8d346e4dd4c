/** Typed letter by letter: each letter finds fewer groups than the one before. */
export const TYPED = ["12345", "23456", "34567", "45678", "56789"] as const;
