// What the dashboard draws with, and nothing else of Apache ECharts.
import { init, use } from "echarts/core";
import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent, MarkLineComponent, TooltipComponent,
} from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([
  BarChart, LineChart, ScatterChart,
  GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer,
]);

export { init };
