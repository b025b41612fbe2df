package io.ltri.inference.engine;

import io.ltri.inference.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.regex.Pattern;

/**
 * Which tokens end a sentence: those whose text ends in a full stop, a question mark, an
 * exclamation mark or an ellipsis, with closing quotes, brackets and white space after it or not,
 * and those with an empty line. A token is judged by itself, so the point of a decimal number or an
 * abbreviation that is a token of its own is taken for one as well, and marks after a sentence that
 * are a token of their own begin the next.
 */
final class SentenceEnds {
  private static final Pattern END =
      Pattern.compile(
          ".*[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019\u00bb)\\]}*_]*\\s*|.*\\n\\s*\\n.*",
          Pattern.DOTALL);

  private SentenceEnds() {}

  static BitSet of(Tokenizer tokenizer) {
    BitSet ends = new BitSet();
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      if (!tokenizer.isSpecial(id)) {
        ends.set(id, endsSentence(new String(tokenizer.bytes(id), StandardCharsets.UTF_8)));
      }
    }
    return ends;
  }

  static boolean endsSentence(String token) {
    return END.matcher(token).matches();
  }
}
