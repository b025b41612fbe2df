package io.ltri.evaluation.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.attention.PolicyName;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VariantTest {
  @Test
  void policyAloneHasTheDefaults() {
    Variant variant = Variant.parse("streaming", Map.of());
    assertThat(variant.name()).isEqualTo("streaming");
    assertThat(variant.settings().reading().policy()).isEqualTo(PolicyName.STREAMING);
    assertThat(variant.settings().answering().budgetTokens()).isEqualTo(256);
  }

  @Test
  void settingsOfTheTextWinOverTheCommonOnes() {
    Variant variant =
        Variant.parse(
            "small: ltri budget-tokens=64 window-tokens=300", Map.of("budget-tokens", "128"));
    assertThat(variant.name()).isEqualTo("small");
    assertThat(variant.settings().answering().budgetTokens()).isEqualTo(64);
    assertThat(variant.settings().reading().windowTokens()).isEqualTo(300);
    assertThat(Variant.parse("ltri", Map.of("budget-tokens", "128")).settings().budgetTokens())
        .isEqualTo(128);
  }

  @Test
  void whatCannotBeIsSaidByName() {
    assertThatThrownBy(() -> Variant.parse("ltri nonsense=1", Map.of()).settings())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nonsense");
    assertThatThrownBy(() -> Variant.parse("ltri budget", Map.of()))
        .hasMessageContaining("setting=value");
    assertThatThrownBy(() -> Variant.parse("magic", Map.of()).settings().reading())
        .hasMessageContaining("no attention policy 'magic'");
  }
}
