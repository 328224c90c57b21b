import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.opensearch.dataprepper.ContextManager;
import org.opensearch.dataprepper.core.breaker.CircuitBreakerManager;
import org.opensearch.dataprepper.core.parser.PipelineTransformer;
import org.opensearch.dataprepper.core.parser.model.DataPrepperConfiguration;
import org.opensearch.dataprepper.core.peerforwarder.PeerForwarderProvider;
import org.opensearch.dataprepper.core.pipeline.router.RouterFactory;
import org.opensearch.dataprepper.core.sourcecoordination.SourceCoordinatorFactory;
import org.opensearch.dataprepper.core.validation.PluginErrorCollector;
import org.opensearch.dataprepper.expression.ExpressionEvaluator;
import org.opensearch.dataprepper.model.acknowledgements.AcknowledgementSetManager;
import org.opensearch.dataprepper.model.configuration.PipelinesDataFlowModel;
import org.opensearch.dataprepper.model.event.EventFactory;
import org.opensearch.dataprepper.model.plugin.PluginFactory;
import org.opensearch.dataprepper.pipeline.parser.PipelineConfigurationReader;
import org.opensearch.dataprepper.pipeline.parser.PipelinesDataflowModelParser;
import org.opensearch.dataprepper.pipeline.parser.transformer.PipelineConfigurationTransformer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * Data Prepper's own reading of pipeline bodies, up to where it would connect to anything.
 *
 * Reads one body a line from standard input, each a JSON string, and answers each with a line: why Data Prepper
 * refuses it, a JSON list, empty where it does not. Arguments: a valid body and the settings, with which it starts.
 */
final class DataPrepperValidation {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ApplicationContext context;

    private DataPrepperValidation(final ApplicationContext context) {
        this.context = context;
    }

    public static void main(final String[] arguments) throws Exception {
        // Whatever else prints goes to the log.
        final PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        final AnnotationConfigApplicationContext[] core = new AnnotationConfigApplicationContext[1];
        new ContextManager(arguments) {
            @Override
            protected void preRefreshCoreApplicationContext(final AnnotationConfigApplicationContext context) {
                super.preRefreshCoreApplicationContext(context);
                core[0] = context;
            }
        }.getDataPrepperBean();
        final DataPrepperValidation validation = new DataPrepperValidation(core[0]);
        final BufferedReader bodies = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = bodies.readLine(); line != null; line = bodies.readLine()) {
            answers.println(JSON.writeValueAsString(validation.refusals(JSON.readValue(line, String.class))));
        }
        System.exit(0);
    }

    private List<String> refusals(final String body) {
        final List<String> found = new ArrayList<>();
        // A collector for each body: Data Prepper's own keeps everything that it was ever given.
        final PluginErrorCollector collector = new PluginErrorCollector();
        try {
            final byte[] content = body.getBytes(StandardCharsets.UTF_8);
            final PipelineConfigurationReader reader = () -> List.of(new ByteArrayInputStream(content));
            final PipelinesDataFlowModel parsed = bean(PipelineConfigurationTransformer.class)
                    .transformConfiguration(new PipelinesDataflowModelParser(reader).parseConfiguration());
            final int built = transformer(collector).transformConfiguration(parsed).size();
            collector.getPluginErrors().forEach(error -> found.add(error.getErrorMessage()));
            if (found.isEmpty() && built != parsed.getPipelines().size()) {
                found.add(String.format("%d of %d pipelines were built", built, parsed.getPipelines().size()));
            }
        } catch (final Exception | StackOverflowError e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                found.add(String.valueOf(cause.getMessage()));
            }
        }
        return found;
    }

    private PipelineTransformer transformer(final PluginErrorCollector collector) {
        return new PipelineTransformer(
                bean(PluginFactory.class), bean(PeerForwarderProvider.class), bean(RouterFactory.class),
                bean(DataPrepperConfiguration.class), bean(CircuitBreakerManager.class), bean(EventFactory.class),
                bean(AcknowledgementSetManager.class), bean(SourceCoordinatorFactory.class), collector,
                errors -> { }, bean(ExpressionEvaluator.class));
    }

    private <T> T bean(final Class<T> type) {
        return context.getBean(type);
    }
}
