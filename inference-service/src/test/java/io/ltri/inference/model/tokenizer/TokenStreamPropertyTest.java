package io.ltri.inference.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** Random texts; the seed is printed with the result of each property. */
class TokenStreamPropertyTest {

  @Property(tries = 1500)
  void anyTextInAnyPiecesGivesTheTokensOfTheWhole(
      @ForAll("families") String family,
      @ForAll("texts") String text,
      @ForAll @IntRange(min = 1, max = 40) int pieceChars) {
    TokenStreamTest.assertSameAsWhole(family, text, pieceChars);
  }

  @Property(tries = 500)
  void anyTemplateInPiecesGivesTheTokensOfTheWhole(
      @ForAll("families") String family, @ForAll("texts") String text) {
    Tokenizer tokenizer = SmallTokenizers.tokenizer(family);
    assertThat(tokenizer.encodeTemplate(text)).isEqualTo(tokenizer.encodeWhole(text, true));
  }

  @Provide
  Arbitrary<String> families() {
    return Arbitraries.of("gpt2", "digits", "llama3", "qwen2");
  }

  /** Fragments that the pre-tokenizers treat in different ways, and any characters between. */
  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> fragments =
        Arbitraries.of(
            " ",
            "  ",
            "\t",
            "\n",
            "\n\n",
            "\r\n",
            "\r",
            "\u00a0",
            "\u3000",
            "\u0085",
            "\u2028",
            "a",
            "Z",
            "the",
            "é",
            "ß",
            "ſ",
            "你",
            "好世",
            "の",
            "ш",
            "ع",
            "한",
            "\u1112",
            "\u1161",
            "\u11ab",
            "1",
            "23",
            "456",
            "7890",
            "٣",
            "½",
            "Ⅻ",
            "²",
            ".",
            ",",
            "!",
            "--",
            "。",
            "、",
            "“",
            "'",
            "'s",
            "'ll",
            "'RE",
            "'t",
            "\u0301",
            "\u0308",
            "\u093c",
            "\u0958",
            "\u212b",
            "\u0344",
            "\ufb2a",
            "\uf900",
            "\u0338",
            "\u200d",
            "\u200b",
            "\ufeff",
            "\u037e",
            "\u1fef",
            "😀",
            "👩‍👧",
            "𝒜",
            "𝟘",
            "𠜎",
            "\ud83d",
            "\ude00",
            "\u0000",
            "<",
            "<|im_end|>",
            "<tool_call>",
            "<tool_call",
            "key1",
            "key1:",
            "a\n\nb",
            "n\nb",
            "STOPWORD",
            "_",
            "$",
            "@");
    Arbitrary<String> characters =
        Arbitraries.integers()
            .between(0, Character.MAX_CODE_POINT)
            .map(c -> new String(Character.toChars(c)));
    Arbitrary<String> narrow =
        Arbitraries.integers().between(0, 0x3100).map(c -> String.valueOf((char) (int) c));
    return Arbitraries.frequencyOf(
            Tuple.of(12, fragments), Tuple.of(1, characters), Tuple.of(1, narrow))
        .list()
        .ofMaxSize(60)
        .map(parts -> String.join("", parts));
  }
}
