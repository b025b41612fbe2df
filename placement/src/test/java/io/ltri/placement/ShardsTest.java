package io.ltri.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShardsTest {

  @Test
  void documentsOfOneGroupAreOfOneShard() {
    assertThat(Shards.of("abcdefghijkmnpqr", 64)).isEqualTo(Shards.of("abcd222222222222", 64));
  }

  @Test
  void theShardOfAnIdNeverChanges() {
    assertThat(Shards.of("abcdefghijkmnpqr", 64)).isEqualTo(17);
    assertThat(Shards.of("9zzzefghijkmnpqr", 64)).isEqualTo(47);
    assertThat(Shards.of("nt6zhbhnnae5ee8e", 1)).isZero();
  }

  @Test
  void anIdMayBeginWithAReplicationFactor() {
    assertThat(Shards.replicas("abcdefghijkmnpqr")).isZero();
    for (int replicas = 1; replicas <= Shards.MOST_REPLICAS; replicas++) {
      String factor = Shards.factor(replicas);
      assertThat(factor).hasSize(2).startsWith("0");
      assertThat(Shards.replicas(factor + "abcdefghijkmnp")).isEqualTo(replicas);
      assertThat(Shards.group(factor + "abcdefghijkmnp")).isEqualTo(factor + "abcd");
    }
    assertThat(Shards.factor(0)).isEmpty();
    assertThat(Shards.factor(3)).isEqualTo("03");
    assertThat(Shards.factor(16)).isEqualTo("0g");
    assertThatThrownBy(() -> Shards.factor(17)).hasMessageContaining("1 to 16");
    assertThat(Shards.replicas("00abcdefgh")).isZero();
    assertThat(Shards.replicas("0zabcdefgh")).isZero();
  }

  @Test
  void shardsOfAFactorComeAfterThoseOfSmallerOnes() {
    assertThat(Shards.of("03abcdefghijkmnp", 64)).isEqualTo(3 * 64 + 17);
    assertThat(Shards.of("0gabcdefghijkmnp", 64)).isEqualTo(16 * 64 + 17);
    assertThat(Shards.of("03abcdefghijkmnp", 50, 64)).isEqualTo(3 * 64 + 3);
    assertThat(Shards.of("abcdefghijkmnpqr", 50, 64)).isEqualTo(3);
  }

  @Test
  void idsSpreadEvenly() {
    int[] counts = new int[64];
    String letters = "abcdefghijkmnpqrstuvwxyz23456789";
    for (int i = 0; i < 32 * 32 * 32; i++) {
      String group =
          "" + letters.charAt(i & 31) + letters.charAt(i >> 5 & 31) + letters.charAt(i >> 10) + "q";
      counts[Shards.of(group, 64)]++;
    }
    for (int count : counts) {
      assertThat(count).isBetween(400, 640);
    }
  }
}
