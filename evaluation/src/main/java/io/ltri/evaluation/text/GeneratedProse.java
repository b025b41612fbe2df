package io.ltri.evaluation.text;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;

/** Prose from a small grammar: a story without a plot, no sentence twice, no digits. */
final class GeneratedProse {
  static final int SENTENCES = 40_000;

  private static final List<String> PEOPLE =
      List.of(
          "the miller",
          "the widow",
          "the old captain",
          "the schoolmaster",
          "the youngest daughter",
          "the ferryman",
          "the baker's wife",
          "the clerk",
          "the stranger",
          "the gardener",
          "the fiddler",
          "the doctor",
          "the steward",
          "the postman",
          "the two brothers",
          "the innkeeper",
          "the shepherd boy",
          "the painter",
          "the blind organist",
          "the tax collector",
          "the apprentice",
          "the lighthouse keeper",
          "the seamstress",
          "the retired judge");
  private static final List<String> DID_TO =
      List.of(
          "carried",
          "found",
          "mended",
          "painted",
          "sold",
          "remembered",
          "hid",
          "admired",
          "cleaned",
          "borrowed",
          "described",
          "inherited",
          "lost",
          "measured",
          "polished",
          "recognised",
          "repaired",
          "returned",
          "sketched",
          "unwrapped",
          "washed",
          "weighed",
          "bought",
          "forgot");
  private static final List<String> DID =
      List.of(
          "waited",
          "slept",
          "argued",
          "sang",
          "walked up and down",
          "kept silent",
          "laughed aloud",
          "read the newspaper",
          "counted the hours",
          "listened to the rain",
          "wrote a long letter",
          "looked out for the coach",
          "rested",
          "dreamed of the sea");
  private static final List<String> WHERE =
      List.of(
          "by the river",
          "behind the church",
          "in the kitchen",
          "under the old bridge",
          "at the edge of the wood",
          "on the quay",
          "in the market square",
          "near the mill",
          "along the canal",
          "at the top of the hill",
          "in the empty barn",
          "beside the well",
          "on the road to the coast",
          "in the attic",
          "at the crossroads",
          "inside the station",
          "among the apple trees",
          "below the cliffs");
  private static final List<String> WHEN =
      List.of(
          "in the morning",
          "before the storm",
          "late in autumn",
          "after supper",
          "on the first warm day",
          "every winter",
          "that same evening",
          "during the fair",
          "while the bells rang",
          "at low tide",
          "when the snow had melted",
          "a week later",
          "long before dawn",
          "in the year of the flood",
          "towards noon",
          "on the way home");
  private static final List<String> WHY =
      List.of(
          "because nobody had asked",
          "since there was nothing else to do",
          "for the roads were bad",
          "although the day was cold",
          "as the custom demanded",
          "in spite of all advice",
          "without a word of thanks",
          "to the surprise of the neighbours",
          "so that the children might see it",
          "because the light was failing",
          "though it cost a good deal",
          "as if nothing had happened");
  private static final List<String> SAID =
      List.of(
          "said",
          "believed",
          "heard",
          "insisted",
          "feared",
          "hoped",
          "admitted",
          "had always known",
          "was told",
          "suspected");

  private final Draw draw;
  private final Set<String> seen = new HashSet<>();
  private final List<Supplier<String>> forms =
      List.of(
          () -> "%s %s %s %s".formatted(person(), of(DID_TO), thing(), of(WHERE)),
          () -> "%s, %s %s %s".formatted(of(WHEN), person(), of(DID_TO), thing()),
          () -> "%s %s %s %s, %s".formatted(person(), of(DID), of(WHERE), of(WHEN), of(WHY)),
          () ->
              "%s %s that %s %s %s %s"
                  .formatted(person(), of(SAID), person(), of(DID_TO), thing(), of(WHEN)),
          () ->
              "there was %s %s, and %s %s it %s"
                  .formatted(aThing(), of(WHERE), person(), of(DID_TO), of(WHEN)),
          () ->
              "%s stood %s, next to %s that %s %s"
                  .formatted(thing(), of(WHERE), aThing(), person(), of(DID_TO)),
          () ->
              "%s, %s %s, but %s %s %s"
                  .formatted(of(WHERE), person(), of(DID), person(), of(DID_TO), thing()),
          () ->
              "nobody %s %s until %s %s %s"
                  .formatted(of(DID_TO), thing(), person(), of(DID_TO), thing()),
          () -> "%s and %s %s %s, %s".formatted(person(), person(), of(DID_TO), thing(), of(WHY)),
          () ->
              "what %s %s was only %s, which lay %s"
                  .formatted(person(), of(DID_TO), aThing(), of(WHERE)));
  private int untilParagraph;

  GeneratedProse(long seed) {
    this.draw = Draw.of("generated prose", seed);
  }

  /** Whether the next sentence begins a paragraph; paragraphs have three to eight sentences. */
  boolean opensParagraph() {
    if (untilParagraph == 0) {
      untilParagraph = 3 + draw.below(6);
      untilParagraph--;
      return true;
    }
    untilParagraph--;
    return false;
  }

  String next() {
    String fresh = Draw.until(() -> draw.oneOf(forms).get(), text -> !seen.contains(text));
    seen.add(fresh);
    return fresh.substring(0, 1).toUpperCase(Locale.ROOT) + fresh.substring(1) + ".";
  }

  private String of(List<String> list) {
    return draw.oneOf(list);
  }

  private String person() {
    return of(PEOPLE);
  }

  private String thing() {
    return "the " + of(Words.adjectives()) + " " + of(Words.nouns());
  }

  private String aThing() {
    String adjective = of(Words.adjectives());
    return Article.before(adjective) + " " + adjective + " " + of(Words.nouns());
  }
}
