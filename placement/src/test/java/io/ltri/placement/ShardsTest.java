package io.ltri.placement;

import static org.assertj.core.api.Assertions.assertThat;

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
