package io.ltri.inference.retrieval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexException.Reason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ElsewhereTest {

  private final TestCluster cluster = new TestCluster("n1", "n2", "n3");
  private final Nodes nodes = new Nodes(cluster, cluster::connect);

  private List<String> asked(Reason reason) {
    List<String> asked = new ArrayList<>();
    assertThatThrownBy(
            () ->
                Elsewhere.first(
                    nodes.all(),
                    "a document",
                    node -> {
                      asked.add(node.name());
                      throw new IndexException(reason, "planted");
                    }))
        .isInstanceOf(IndexException.class)
        .hasMessage("planted");
    return asked;
  }

  @Test
  void whatOthersMayKnowOrDoIsAskedOfAll() {
    for (Reason reason :
        List.of(Reason.UNAVAILABLE, Reason.TOO_LATE, Reason.NOT_FOUND, Reason.DAMAGED)) {
      assertThat(asked(reason)).as("%s", reason).containsExactly("n1", "n2", "n3");
    }
  }

  @Test
  void nobodyElseIsAskedForASequenceThatHasEndedNorForWhatAllRefuse() {
    for (Reason reason :
        List.of(Reason.ENDED, Reason.WRONG_STATE, Reason.FULL, Reason.REFUSED, Reason.INTERNAL)) {
      assertThat(asked(reason)).as("%s", reason).containsExactly("n1");
    }
  }
}
