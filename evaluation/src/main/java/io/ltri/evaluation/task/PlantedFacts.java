package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.Haystack.Passage;
import io.ltri.evaluation.text.Words;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Three facts planted in prose, an access code, a number and the name of a place, each behind a
 * sentence end; the question is plain, without the beginning of an answer. The seed's remainder by
 * three picks the fact that is asked for (0 code, 1 number, 2 place), and without a wanted depth
 * three seeds from a multiple of three on share one document, so that it need be read only once.
 */
public final class PlantedFacts extends SizedTask {
  /** The task's name. */
  public static final String NAME = "planted";

  private static final int MAX_TOKENS = 24;
  private static final int FACTS = 3;
  private static final int LEAST = 64;
  private static final int MOST = 1 << 24;
  private static final double LOWEST = 5;
  private static final double HIGHEST = 85;
  private static final double APART = 10;
  private static final List<String> DOORS =
      List.of(
          "north gate",
          "south gate",
          "west tower",
          "east wing",
          "boat house",
          "old library",
          "clock tower",
          "wine vault",
          "chapel",
          "armoury",
          "stables",
          "orangery");
  private static final List<String> THINGS =
      List.of(
          "barrels",
          "books",
          "candles",
          "bottles",
          "chairs",
          "paintings",
          "coins",
          "lanterns",
          "blankets",
          "keys");
  private static final List<String> VILLAGE_FIRST =
      List.of(
          "Tarn", "Eller", "Dun", "Brack", "Cor", "Fen", "Hark", "Lorn", "Mos", "Nether", "Ostle",
          "Pen", "Quill", "Raven", "Stell", "Thrush", "Under", "Wal", "Yar", "Zen");
  private static final List<String> VILLAGE_SECOND =
      List.of(
          "wick", "by", "ford", "combe", "ness", "stead", "thorpe", "burn", "holt", "mere", "dale",
          "croft");
  private static final List<String> GIVEN_NAMES =
      List.of(
          "Marian",
          "Oswin",
          "Tabitha",
          "Lorcan",
          "Hester",
          "Ambrose",
          "Sidony",
          "Crispin",
          "Averil",
          "Leopold",
          "Petra",
          "Silas",
          "Ottilie",
          "Rufus",
          "Imogen",
          "Barnabas",
          "Delphine",
          "Hector",
          "Ursula",
          "Merrick",
          "Rosalind",
          "Caspar");
  private static final List<String> FAMILY_NAMES =
      List.of(
          "Holt",
          "Brackett",
          "Tolland",
          "Vesper",
          "Quarles",
          "Pellman",
          "Ashdown",
          "Corrigan",
          "Thackwell",
          "Melrose",
          "Sandiford",
          "Larkspur",
          "Winterton",
          "Galloway",
          "Hargreave",
          "Penrose",
          "Lockhart",
          "Summerby",
          "Blackwood",
          "Netherby");
  private static final List<String> PLACE_SECOND =
      List.of(
          "Creek",
          "Harbor",
          "Canyon",
          "Ridge",
          "Crossing",
          "Falls",
          "Point",
          "Springs",
          "Junction",
          "Landing");

  private record Fact(String sentence, String question, String answer) {}

  private final Haystack haystack;

  /** Facts planted in this haystack. */
  public PlantedFacts(Haystack haystack, TokenCounter tokens, int overhead) {
    super(NAME, tokens, overhead, Match.ANY, MAX_TOKENS);
    this.haystack = haystack;
  }

  /**
   * {@inheritDoc} The wanted depth is that of the fact asked for; the others stand at drawn ones
   * between 5 and 85, at least 10 apart.
   */
  @Override
  public Sample sample(int length, double depth, long seed) {
    if (depth != Sample.NO_DEPTH && !(depth >= 0 && depth <= 100)) {
      throw new IllegalArgumentException("a depth is 0 to 100 per cent, not " + depth);
    }
    int asked = (int) Math.floorMod(seed, (long) FACTS);
    boolean free = depth == Sample.NO_DEPTH;
    Draw draw =
        free
            ? Draw.of(NAME, length, Math.floorDiv(seed, (long) FACTS))
            : Draw.of(NAME, length, Double.doubleToLongBits(depth), seed);
    List<Fact> facts = List.of(code(draw), number(draw), place(draw));
    List<Double> depths = depths(draw, free ? -1 : asked, depth);
    int first = draw.below(haystack.sentences().size());
    // Sized by the longest of the three questions, so that the document is the same for all of
    // them.
    Fact longest =
        facts.stream().max(Comparator.comparingInt(fact -> count(fact.question()))).orElseThrow();
    Draft sized =
        largest(
            length,
            LEAST,
            MOST,
            size -> draft(haystack.passage(first, size), facts, depths, longest));
    Fact fact = facts.get(asked);
    return sample(
        length,
        depth,
        seed,
        new Draft(
            sized.document(),
            fact.question(),
            "",
            List.of(fact.answer()),
            depths.get(asked),
            sized.repeats()));
  }

  private static Draft draft(Passage passage, List<Fact> facts, List<Double> depths, Fact asked) {
    List<Prose.Insert> inserts = new ArrayList<>();
    for (int i = 0; i < FACTS; i++) {
      inserts.add(
          new Prose.Insert(passage.sentencesBefore(depths.get(i)), facts.get(i).sentence()));
    }
    return new Draft(
        Prose.with(passage, inserts),
        asked.question(),
        "",
        List.of(asked.answer()),
        Sample.NO_DEPTH,
        passage.repeats());
  }

  private static List<Double> depths(Draw draw, int fixed, double depth) {
    while (true) {
      List<Double> drawn = new ArrayList<>();
      for (int i = 0; i < FACTS; i++) {
        drawn.add(i == fixed ? depth : Math.rint(10 * draw.between(LOWEST, HIGHEST)) / 10);
      }
      List<Double> sorted = drawn.stream().sorted().toList();
      if (sorted.get(1) - sorted.get(0) >= APART && sorted.get(2) - sorted.get(1) >= APART) {
        return drawn;
      }
    }
  }

  private Fact code(Draw draw) {
    String door = draw.oneOf(DOORS) + " of " + village(draw);
    String code = fresh(() -> draw.digits(7));
    return new Fact(
        "The access code of the %s is %s.".formatted(door, code),
        "What is the access code of the %s?".formatted(door),
        code);
  }

  private Fact number(Draw draw) {
    String things = draw.oneOf(THINGS) + " in the cellar of " + village(draw) + " House";
    String count = fresh(() -> draw.digits(4));
    return new Fact(
        "The number of %s is %s.".formatted(things, count),
        "What is the number of %s?".formatted(things),
        count);
  }

  private Fact place(Draw draw) {
    String person = fresh(() -> draw.oneOf(GIVEN_NAMES) + " " + draw.oneOf(FAMILY_NAMES));
    String place = fresh(() -> capital(draw.oneOf(Words.nouns())) + " " + draw.oneOf(PLACE_SECOND));
    return new Fact(
        "The birthplace of %s is %s.".formatted(person, place),
        "What is the birthplace of %s?".formatted(person),
        place);
  }

  private String village(Draw draw) {
    return fresh(() -> draw.oneOf(VILLAGE_FIRST) + draw.oneOf(VILLAGE_SECOND));
  }

  private String fresh(Supplier<String> values) {
    return Draw.until(values, value -> !haystack.contains(value));
  }

  private static String capital(String word) {
    return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
  }
}
