"""A drawing of circles, rectangles and squares, summed by kind."""
import sys

PI = 3.141592653589793
n = int(sys.argv[1]) if len(sys.argv) > 1 else 40


class Shape:
    def __init__(self, name, color="black"):
        self.name = name
        self.color = color

    def area(self):
        return 0.0

    def perimeter(self):
        return 0.0

    def compactness(self):
        p = self.perimeter()
        return 0.0 if p == 0.0 else 4.0 * PI * self.area() / (p * p)

    def describe(self):
        return self.color + " " + self.name

    def __str__(self):
        fields = ", ".join(f"{k}: {v}" for k, v in self.__dict__.items())
        return f"{type(self).__name__} {{ {fields} }}"


class Circle(Shape):
    def __init__(self, name, color="black", radius=1.0):
        super().__init__(name, color)
        self.radius = radius

    def area(self):
        return PI * self.radius * self.radius

    def perimeter(self):
        return 2.0 * PI * self.radius


class Rectangle(Shape):
    def __init__(self, name, color="black", width=1.0, height=1.0):
        super().__init__(name, color)
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def perimeter(self):
        return 2.0 * (self.width + self.height)

    def scale(self, factor):
        self.width = self.width * factor
        self.height = self.height * factor
        return self


class Square(Rectangle):
    def describe(self):
        return "square of side " + str(self.width)


def make_shape(i):
    size = 0.5 + i % 10 * 0.25
    kind = i % 4
    if kind == 0:
        return Circle("circle", "red", size)
    if kind == 1:
        return Rectangle("rectangle", width=size, height=size * 2.0)
    if kind == 2:
        return Square("square", "blue", size, size)
    return Shape("point")


def show(flag):
    return "true" if flag else "false"


areas = {"circle": 0.0, "rectangle": 0.0, "square": 0.0, "point": 0.0}
compact = 0.0
boxes = []
for i in range(n):
    shape = make_shape(i)
    areas[shape.name] += shape.area()
    compact += shape.compactness()
    if shape.name in ("rectangle", "square"):
        boxes.append(shape)
for name, area in areas.items():
    print(name, area)
print("compactness", compact)
widest = None
for box in boxes:
    box.scale(1.5)
    if widest is None or box.width > widest.width:
        widest = box
print("widest", widest)
print(make_shape(0).describe() + ", " + make_shape(1).describe() + ", " + make_shape(2).describe())
print("same box", show(boxes[0] is boxes[0].scale(1.0)), "equal fields", show(make_shape(1) is make_shape(1)))
