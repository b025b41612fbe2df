package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Look-ups of one sequence, all at one node as long as it answers. When it fails, or takes longer
 * than is patiently waited for, the sequence moves to another, its private spans first, and what
 * was asked is asked there, within the deadline that the caller gave. A look-up that takes longer
 * than most is asked of a second replica as well, and the sequence moves there when that one keeps
 * being the faster.
 */
final class ClusterLookupStream implements LookupStream {

  /** More would be no help within one look-up. */
  private static final int MOST_MOVES = 3;

  /** A node that was the slower one so often in a row is left. */
  private static final int MOST_LOST = 4;

  /** Before a node is asked again that has just failed. */
  private static final long PAUSE_MILLIS = 50;

  private final List<String> documentIds;
  private final SequencePlace sequence;
  private final Duration patience;
  private final Hedging hedging;
  private @Nullable Open open;
  private @Nullable Open second;
  private long hedged;

  /** Look-ups in a row that the second replica answered first. */
  private int lost;

  /** A stream at a node; a later one has a higher generation. */
  private record Open(LookupStream stream, SequencePlace.At at, int generation) {}

  /** Kept until it is answered: another node may have to be asked. */
  private record Question(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      SearchRule rule) {

    Asked ask(Open at) {
      return at.stream().ask(layer, queries, count, candidateTokens, returnTokens, rule);
    }
  }

  /**
   * @param patience for an answer while another node could be asked
   */
  ClusterLookupStream(
      List<String> documentIds, SequencePlace sequence, Duration patience, Hedging hedging) {
    this.documentIds = List.copyOf(documentIds);
    this.sequence = sequence;
    this.patience = patience;
    this.hedging = hedging;
  }

  @Override
  public Asked ask(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      SearchRule rule) {
    MemorySegment kept = MemorySegment.ofArray(queries.toArray(ValueLayout.JAVA_BYTE));
    Question question = new Question(layer, kept, count, candidateTokens, returnTokens, rule);
    Open at = current();
    Asked asked;
    try {
      asked = question.ask(at);
    } catch (IndexException e) {
      try {
        at = move(at, e);
        asked = question.ask(at);
      } catch (IndexException none) {
        requireMayStay(none);
        asked =
            deadline -> {
              throw none;
            };
      }
    }
    Open where = at;
    Asked first = asked;
    return new Asked() {
      @Override
      public List<Candidate> await(Duration deadline) {
        return ClusterLookupStream.this.await(question, where, first, deadline);
      }

      @Override
      public boolean isAnswered() {
        return first.isAnswered();
      }
    };
  }

  private List<Candidate> await(Question question, Open where, Asked first, Duration deadline) {
    long end = System.nanoTime() + deadline.toNanos();
    Open at = where;
    Asked asked = first;
    Duration patient = patience;
    for (int moves = 0; ; moves++) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      boolean last = moves == MOST_MOVES || !sequence.canMove();
      try {
        return answer(question, at, asked, last ? left : shorter(left, patient), left);
      } catch (IndexException e) {
        if (last || System.nanoTime() >= end) {
          throw e;
        }
        try {
          at = move(at, e);
          asked = question.ask(at);
        } catch (IndexException none) {
          requireMayStay(none);
          // Nobody else can be asked at present: this node again, more patiently, to the deadline.
          moves--;
          patient = patient.compareTo(deadline) < 0 ? patient.multipliedBy(2) : patient;
          asked = askHereAgain(question, at, end);
        }
      }
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /**
   * @param wait for the node that was asked
   * @param left for a second one
   */
  private List<Candidate> answer(
      Question question, Open at, Asked asked, Duration wait, Duration left) {
    Race race = new Race(hedging, Hedging.Kind.LOOK_UP, question.count());
    Race.Outcome<List<Candidate>> outcome =
        race.run(
            new Race.Runner<>(at.at().node(), () -> asked.await(wait)),
            () -> secondRunner(question, at, left));
    if (outcome.twoAsked()) {
      hedged++;
    }
    lost = outcome.secondWon() ? lost + 1 : 0;
    if (lost >= MOST_LOST) {
      leave(at);
    }
    return outcome.answer();
  }

  private Race.@Nullable Runner<List<Candidate>> secondRunner(
      Question question, Open at, Duration left) {
    Open other = second(at);
    if (other == null) {
      return null;
    }
    try {
      Asked asked = question.ask(other);
      return new Race.Runner<>(other.at().node(), () -> asked.await(left));
    } catch (IndexException e) {
      // The first is still on its way.
      return null;
    }
  }

  /** A stream at another replica than this. */
  private @Nullable Open second(Open than) {
    Open there = second;
    if (there != null && there.generation() == than.generation()) {
      return there;
    }
    closeSecond();
    SequencePlace.At at = sequence.second(than.at());
    if (at == null) {
      return null;
    }
    there = opened(at, than.generation());
    second = there;
    return there;
  }

  private void leave(Open slow) {
    lost = 0;
    Open now = open;
    if (now != null && now.generation() == slow.generation()) {
      String node = slow.at().node().name();
      try {
        Open unused =
            move(
                slow,
                new IndexException(
                    IndexException.Reason.TOO_LATE,
                    "index node %s was slower than another one %d times in a row"
                        .formatted(node, MOST_LOST)));
      } catch (IndexException e) {
        // There is nowhere to go: it stays.
      }
    }
  }

  /** A node that is away may come back, and another may be given the documents. */
  private void requireMayStay(IndexException why) {
    if (!sequence.canMove() || !Elsewhere.isAway(why) || !Elsewhere.mayHelp(why)) {
      throw why;
    }
  }

  private Asked askHereAgain(Question question, Open at, long end) {
    try {
      Thread.sleep(Math.clamp((end - System.nanoTime()) / 1_000_000, 0, PAUSE_MILLIS));
      return question.ask(at);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
    } catch (IndexException e) {
      return deadline -> {
        throw e;
      };
    }
  }

  private Open current() {
    Open now = open;
    if (now == null || !sequence.isAt(now.at())) {
      now = open(sequence.at(), now);
    }
    return now;
  }

  private Open move(Open from, IndexException why) {
    Open now = open;
    if (now != null && now.generation() > from.generation()) {
      return now;
    }
    if (!Elsewhere.mayHelp(why)) {
      throw why;
    }
    return open(sequence.moveFrom(from.at(), why), now);
  }

  private Open open(SequencePlace.At at, @Nullable Open before) {
    int generation = before == null ? 0 : before.generation() + 1;
    close();
    Open opened = opened(at, generation);
    open = opened;
    return opened;
  }

  private Open opened(SequencePlace.At at, int generation) {
    Node node = at.node();
    LookupStream stream = node.index().lookups(at.ids(documentIds));
    node.load().opened();
    return new Open(stream, at, generation);
  }

  @Override
  public long hedged() {
    return hedged;
  }

  @Override
  public void close() {
    closeSecond();
    close(open);
    open = null;
  }

  private void closeSecond() {
    close(second);
    second = null;
  }

  private static void close(@Nullable Open stream) {
    if (stream != null) {
      stream.at().node().load().closed();
      stream.stream().close();
    }
  }
}
