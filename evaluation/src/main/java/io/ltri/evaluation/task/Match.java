package io.ltri.evaluation.task;

/** How an output is compared with the references of its sample. */
public enum Match {
  /**
   * Share of the references that the output contains, case ignored (RULER's string match "all").
   */
  ALL,
  /** 1 if the output contains any of the references, case ignored (RULER's string match "part"). */
  ANY,
  /** ROUGE-Lsum with the best reference (InfiniteBench En.Sum). */
  ROUGE_LSUM,
  /** F1 of normalised words with the best reference (InfiniteBench En.QA). */
  WORD_F1,
  /** F1 of normalised characters with the best reference (InfiniteBench Zh.QA). */
  CHARACTER_F1,
  /** Letter of an option, A to D; references are the option's text and its letter (En.MC). */
  OPTION_LETTER,
  /**
   * Option of a debugging question; references are the function's name and its letter (Code.Debug).
   */
  DEBUG_OPTION,
  /** A reference among the words of the output in capitals (En.Dia). */
  NAME,
  /** The last word of the output is the integer (Code.Run). */
  LAST_INTEGER,
  /** Share of the list of integers that the output begins with (Math.Calc). */
  INTEGER_PREFIX,
  /** The first number of the output is the reference (Math.Find). */
  FIRST_NUMBER,
  /** The first run of digits of the output is the reference (Retrieve.PassKey, Retrieve.Number). */
  FIRST_DIGITS,
  /** The reference is among the words of the output (Retrieve.KV). */
  WORD
}
