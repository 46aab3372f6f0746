import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A newer PyTorch's side of {@code compare}, without Python: runs what peer_trace.py has traced, by
 * PyTorch's library from Maven Central. Reads tasks from standard input, runs each once, and answers
 * with the seconds that it took. Of a training step it knows the loss and its gradients, neither the
 * update nor the normalization of weights. Arguments: folder of the traced network, number of
 * threads, channels, resolution and classes.
 */
public final class TorchPeer {

    private final Path folder;
    private final int channels;
    private final int resolution;
    private final int classes;
    private final NDManager manager = NDManager.newBaseManager(Device.cpu());
    private final Map<String, Block> blocks = new HashMap<>();

    private TorchPeer(Path folder, int channels, int resolution, int classes) {
        this.folder = folder;
        this.channels = channels;
        this.resolution = resolution;
        this.classes = classes;
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("ai.djl.pytorch.num_threads", args[1]);
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        TorchPeer peer =
                new TorchPeer(
                        Path.of(args[0]),
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[3]),
                        Integer.parseInt(args[4]));
        System.out.println("ready " + Engine.getEngine("PyTorch").getVersion());
        BufferedReader tasks =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = tasks.readLine(); line != null; line = tasks.readLine()) {
            String[] words = line.split(" ");
            int batch = Integer.parseInt(words[1]);
            System.out.println(
                    switch (words[0]) {
                        case "forward" -> peer.forward(batch);
                        case "train" -> peer.train(batch);
                        default -> Double.NaN;
                    });
        }
    }

    private Block block(String name, boolean training) throws Exception {
        Block block = blocks.get(name);
        if (block == null) {
            Model model = Model.newInstance(name, "PyTorch");
            model.load(folder, name, Map.of("trainParam", Boolean.toString(training)));
            block = model.getBlock();
            blocks.put(name, block);
        }
        return block;
    }

    private NDArray images(NDManager of, int batch) {
        return of.randomNormal(new Shape(batch, channels, resolution, resolution));
    }

    private NDArray labels(NDManager of, int batch) {
        return of.arange(batch).mod(classes).oneHot(classes);
    }

    private double forward(int batch) throws Exception {
        Block block = block("forward-" + batch, false);
        try (NDManager step = manager.newSubManager()) {
            NDList inputs =
                    new NDList(
                            images(step, batch), step.ones(new Shape(batch)), labels(step, batch));
            long start = System.nanoTime();
            block.forward(new ParameterStore(step, false), inputs, false);
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private double train(int batch) throws Exception {
        Block block = block("train-" + batch, true);
        try (NDManager step = manager.newSubManager()) {
            NDList inputs =
                    new NDList(
                            images(step, batch),
                            images(step, batch),
                            step.ones(new Shape(batch)),
                            labels(step, batch));
            long start = System.nanoTime();
            try (GradientCollector gradients = Engine.getInstance().newGradientCollector()) {
                NDList loss = block.forward(new ParameterStore(step, false), inputs, true);
                gradients.backward(loss.singletonOrThrow());
            }
            return (System.nanoTime() - start) / 1e9;
        }
    }
}
