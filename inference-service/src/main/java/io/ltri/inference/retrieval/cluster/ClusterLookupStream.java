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
 * was asked is asked there, within the deadline that the caller gave.
 */
final class ClusterLookupStream implements LookupStream {

  /** More would be no help within one look-up. */
  private static final int MOST_MOVES = 3;

  private final List<String> documentIds;
  private final SequencePlace sequence;
  private final Duration patience;
  private @Nullable Open open;

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
  ClusterLookupStream(List<String> documentIds, SequencePlace sequence, Duration patience) {
    this.documentIds = List.copyOf(documentIds);
    this.sequence = sequence;
    this.patience = patience;
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
      at = move(at, e);
      asked = question.ask(at);
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
    for (int moves = 0; ; moves++) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      boolean last = moves == MOST_MOVES || !sequence.canMove();
      try {
        return asked.await(last || left.compareTo(patience) < 0 ? left : patience);
      } catch (IndexException e) {
        if (last || System.nanoTime() >= end) {
          throw e;
        }
        at = move(at, e);
        asked = question.ask(at);
      }
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
    Node node = at.node();
    LookupStream stream = node.index().lookups(at.ids(documentIds));
    node.sequences().incrementAndGet();
    Open opened = new Open(stream, at, generation);
    open = opened;
    return opened;
  }

  @Override
  public void close() {
    Open now = open;
    if (now != null) {
      open = null;
      now.at().node().sequences().decrementAndGet();
      now.stream().close();
    }
  }
}
