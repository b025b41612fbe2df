package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** The Helm chart, by Helm itself: linted, and rendered with and without what can be switched. */
class DeployTest {

  private static final Path CHART = Path.of("../deploy/helm/ltri").toAbsolutePath().normalize();

  private static TemplateCommand template() {
    return new Helm(CHART).template().withName("shop");
  }

  /** Kind and name of each object. */
  private static List<String> objects(TemplateCommand command) {
    List<String> objects = new ArrayList<>();
    for (Object document : new Yaml().loadAll(command.call())) {
      if (document instanceof Map<?, ?> object
          && object.get("metadata") instanceof Map<?, ?> metadata) {
        objects.add(object.get("kind") + " " + metadata.get("name"));
      }
    }
    return objects;
  }

  @Test
  void chartIsFreeOfWarnings() {
    LintResult result = new Helm(CHART).lint().strict().call();
    assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    assertThat(result.getMessages())
        .noneMatch(message -> message.contains("[WARNING]") || message.contains("[ERROR]"));
  }

  @Test
  void chartOfATrustedNetworkHasEveryPart() {
    assertThat(objects(template().set("security.insecure", true)))
        .containsExactlyInAnyOrder(
            "Service shop-index",
            "StatefulSet shop-index",
            "PodDisruptionBudget shop-index",
            "Service shop",
            "Deployment shop-inference",
            "PodDisruptionBudget shop-inference");
  }

  @Test
  void autoscalingAndGpusAreRendered() {
    TemplateCommand command =
        template()
            .set("security.tlsSecret", "tls")
            .set("security.tokensSecret", "tokens")
            .set("inference.autoscaling.enabled", true)
            .set("inference.gpu.count", 1);
    assertThat(objects(command)).contains("HorizontalPodAutoscaler shop-inference");
    assertThat(command.call()).contains("nvidia.com/gpu: 1");
  }

  @Test
  void withoutSecretsItSaysWhatToSet() {
    assertThatThrownBy(() -> template().call())
        .hasMessageContaining("security.tlsSecret")
        .hasMessageContaining("security.insecure=true");
  }
}
