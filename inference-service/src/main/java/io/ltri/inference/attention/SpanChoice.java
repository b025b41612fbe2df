package io.ltri.inference.attention;

import io.ltri.inference.attention.LookupSettings.HeadRule;
import io.ltri.inference.retrieval.Candidate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which candidates one layer of one sequence attends to. The choice is made here and not in the
 * index because it is state of the sequence: what earlier chunks found, what the question found,
 * what other layers look at. {@code docs/method.md}, section 5, has the rules in this order.
 */
final class SpanChoice {

  /** A remembered score below this is forgotten; a span's mass per head is at most one. */
  private static final double FORGOTTEN = 1e-6;

  /**
   * @param worth per query head, then one for the votes of other layers
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  private record Scored(Candidate span, double[] worth) {}

  private final LookupSettings settings;
  private final int layer;
  private final int budgetTokens;
  private final Votes votes;

  /** By first text position: the last chunk's scores, and what they still hold of those before. */
  private Map<Integer, Scored> memory = Map.of();

  /** What the last chunk chose, best first. */
  private List<Candidate> ofChunk = List.of();

  /**
   * @param budgetTokens of this layer
   * @param votes shared by the layers of the sequence
   */
  SpanChoice(LookupSettings settings, int layer, int budgetTokens, Votes votes) {
    this.settings = settings;
    this.layer = layer;
    this.budgetTokens = budgetTokens;
    this.votes = votes;
  }

  /**
   * Takes spans by score until the budget is filled, or the threshold of mass is reached; one that
   * does not fit is skipped, not split.
   *
   * @param candidates of one layer, disjoint
   * @param decoding the step has one token and is not a chunk of a text
   * @return in text order
   */
  List<Candidate> choose(List<Candidate> candidates, boolean decoding) {
    List<Scored> scored = worth(candidates);
    if (settings.neighbourShare() > 0) {
      scored = smoothed(scored);
    }
    if (settings.memoryDecay() > 0 && !decoding) {
      scored = remembered(scored);
    }
    if (settings.voteShare() > 0) {
      addVotes(scored, decoding);
    }
    List<Candidate> ranked =
        settings.headRule() == HeadRule.RANK ? inTurn(scored) : byScore(scored);
    List<Candidate> chosen = fill(decoding ? pinned() : List.of(), ranked, candidates);
    if (!decoding) {
      ofChunk = List.copyOf(chosen);
    }
    if (settings.voteShare() > 0) {
      castVotes(candidates);
    }
    chosen.sort(Comparator.comparingInt(Candidate::start));
    return chosen;
  }

  /**
   * What {@link #choose} will choose in a decode step, where that depends on the candidates alone;
   * nothing otherwise. Any thread.
   */
  List<Candidate> foreseen(List<Candidate> candidates) {
    return settings.ranksBySummedMass() && settings.pinnedShare() == 0
        ? fill(List.of(), byScore(worth(candidates)), candidates)
        : List.of();
  }

  /** In text order; per head the mass above the background, times the head's weight. */
  private List<Scored> worth(List<Candidate> candidates) {
    long allTokens = candidates.stream().mapToLong(Candidate::tokens).sum();
    List<Scored> scored = new ArrayList<>(candidates.size());
    for (Candidate candidate : candidates) {
      float[] mass = candidate.mass();
      double[] worth = new double[mass.length + 1];
      double background = settings.background() * candidate.tokens() / Math.max(1, allTokens);
      for (int head = 0; head < mass.length; head++) {
        worth[head] = settings.weight(layer, head) * Math.max(0, mass[head] - background);
      }
      scored.add(new Scored(candidate, worth));
    }
    scored.sort(Comparator.comparingInt(each -> each.span().start()));
    return scored;
  }

  /** Adds to each span a share of what the candidates before and after it in the text have. */
  private List<Scored> smoothed(List<Scored> scored) {
    List<Scored> smoothed = new ArrayList<>(scored.size());
    for (int i = 0; i < scored.size(); i++) {
      Scored here = scored.get(i);
      double[] worth = here.worth().clone();
      if (i > 0 && scored.get(i - 1).span().end() == here.span().start()) {
        add(worth, scored.get(i - 1).worth(), settings.neighbourShare() / 2);
      }
      if (i + 1 < scored.size() && scored.get(i + 1).span().start() == here.span().end()) {
        add(worth, scored.get(i + 1).worth(), settings.neighbourShare() / 2);
      }
      smoothed.add(new Scored(here.span(), worth));
    }
    return smoothed;
  }

  /** Adds what earlier chunks left; their spans are candidates though this look-up missed them. */
  private List<Scored> remembered(List<Scored> scored) {
    Map<Integer, Scored> sums = new TreeMap<>();
    for (Scored now : scored) {
      sums.put(now.span().start(), now);
    }
    memory.forEach(
        (start, before) -> {
          Scored now = sums.get(start);
          double[] worth = now == null ? new double[before.worth().length] : now.worth().clone();
          add(worth, before.worth(), settings.memoryDecay());
          if (now != null || Arrays.stream(worth).anyMatch(value -> value >= FORGOTTEN)) {
            sums.put(start, new Scored(now == null ? unseen(before.span()) : now.span(), worth));
          }
        });
    // Votes belong to their step and are added to copies.
    memory = Map.copyOf(sums);
    List<Scored> copies = new ArrayList<>(sums.size());
    for (Scored each : sums.values()) {
      copies.add(new Scored(each.span(), each.worth().clone()));
    }
    return copies;
  }

  /** A span of an earlier look-up, to which this one gives nothing. */
  private static Candidate unseen(Candidate span) {
    return new Candidate(
        span.document(), span.span(), span.start(), span.end(), new float[span.mass().length]);
  }

  private static void add(double[] sums, double[] addends, double factor) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += factor * addends[i];
    }
  }

  private void addVotes(List<Scored> scored, boolean decoding) {
    for (Scored each : scored) {
      int start = each.span().start();
      int end = each.span().end();
      double mean = votes.meanNow(start, end) + (decoding ? votes.meanBefore(start, end) : 0);
      each.worth()[each.worth().length - 1] = settings.voteShare() * mean;
    }
  }

  private void castVotes(List<Candidate> candidates) {
    for (Candidate candidate : candidates) {
      double sum = 0;
      for (int head = 0; head < candidate.mass().length; head++) {
        if (settings.heads().contains(layer, head)) {
          sum += candidate.mass()[head];
        }
      }
      if (sum > 0) {
        votes.add(candidate.start(), candidate.end(), sum);
      }
    }
  }

  /** A span's score: sum or largest worth over the heads, and the votes. */
  private double score(double[] worth) {
    int heads = worth.length - 1;
    double score = 0;
    for (int head = 0; head < heads; head++) {
      score =
          settings.headRule() == HeadRule.MAX ? Math.max(score, worth[head]) : score + worth[head];
    }
    return score + worth[heads];
  }

  private List<Candidate> byScore(List<Scored> scored) {
    return scored.stream()
        .sorted(
            Comparator.comparingDouble((Scored each) -> score(each.worth()))
                .reversed()
                .thenComparing(each -> each.span().start()))
        .map(Scored::span)
        .toList();
  }

  /**
   * Each head, and the votes of other layers as one more, names in turn the best of its spans that
   * nobody has named; where it has none of any worth, it passes. What nobody names comes last, by
   * score.
   */
  private List<Candidate> inTurn(List<Scored> scored) {
    if (scored.isEmpty()) {
      return List.of();
    }
    int voters = scored.getFirst().worth().length;
    List<List<Scored>> preferences = new ArrayList<>(voters);
    for (int v = 0; v < voters; v++) {
      int voter = v;
      preferences.add(
          scored.stream()
              .filter(each -> each.worth()[voter] > 0)
              .sorted(
                  Comparator.comparingDouble((Scored each) -> each.worth()[voter])
                      .reversed()
                      .thenComparing(each -> each.span().start()))
              .toList());
    }
    Map<Integer, Candidate> named = new LinkedHashMap<>();
    int[] next = new int[voters];
    boolean going = true;
    while (going) {
      going = false;
      for (int v = 0; v < voters; v++) {
        List<Scored> preferred = preferences.get(v);
        boolean spoken = false;
        while (!spoken && next[v] < preferred.size()) {
          Candidate span = preferred.get(next[v]++).span();
          spoken = named.putIfAbsent(span.start(), span) == null;
        }
        going |= spoken;
      }
    }
    for (Candidate span : byScore(scored)) {
      named.putIfAbsent(span.start(), span);
    }
    return List.copyOf(named.values());
  }

  /** Of what the last chunk chose, the best that fill the pinned share of the budget. */
  private List<Candidate> pinned() {
    int most = (int) (settings.pinnedShare() * budgetTokens);
    List<Candidate> pinned = new ArrayList<>();
    int used = 0;
    for (Candidate span : ofChunk) {
      if (used + span.tokens() <= most) {
        pinned.add(span);
        used += span.tokens();
      }
    }
    return pinned;
  }

  /**
   * @param ranked best first
   * @return those taken before, then best first
   */
  private List<Candidate> fill(
      List<Candidate> taken, List<Candidate> ranked, List<Candidate> candidates) {
    List<Candidate> chosen = new ArrayList<>(taken);
    Set<Integer> starts = new HashSet<>();
    int used = 0;
    for (Candidate span : taken) {
      used += span.tokens();
      starts.add(span.start());
    }
    double enough = Double.POSITIVE_INFINITY;
    double held = 0;
    if (settings.massThreshold() < 1) {
      double all = 0;
      for (Candidate candidate : candidates) {
        double mass = mass(candidate);
        all += mass;
        held += starts.contains(candidate.start()) ? mass : 0;
      }
      enough = settings.massThreshold() * all;
    }
    for (Candidate span : ranked) {
      if (held >= enough) {
        break;
      }
      if (used + span.tokens() <= budgetTokens && starts.add(span.start())) {
        chosen.add(span);
        used += span.tokens();
        held += mass(span);
      }
    }
    return chosen;
  }

  /** A span's attention mass in this look-up, summed over the query heads. */
  private static double mass(Candidate candidate) {
    double sum = 0;
    for (float mass : candidate.mass()) {
      sum += mass;
    }
    return sum;
  }
}
